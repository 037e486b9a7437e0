// All texts of a service that can name a host or hold a key: values of its YAML files, lines of the files that it mounts.
import type { ServiceFiles } from "../estate/inspect.ts";
import type { Path } from "./finding.ts";

export type Text = {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly path: Path;
  /** The key that the text is the value of. */
  readonly key: string;
};

/** Of compose.yaml and of the files that it mounts. */
export function textsOf({ name, compose, texts }: ServiceFiles): readonly Text[] {
  return [
    ...valuesOf(compose.value, []).map(({ text, path }) => ({
      text,
      path,
      file: compose.file,
      line: compose.lineOf(path),
      key: String(path.at(-1) ?? ""),
    })),
    ...texts.flatMap((file) => linesOf(`services/${name}/${file.name}`, file.text)),
  ];
}

function valuesOf(value: unknown, path: Path): readonly { readonly text: string; readonly path: Path }[] {
  if (typeof value === "string") return [{ text: value, path }];
  if (typeof value === "number" || typeof value === "boolean") return [{ text: JSON.stringify(value), path }];
  if (typeof value !== "object" || value === null) return [];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return members.flatMap(([key, member]) => valuesOf(member, [...path, key]));
}

/** Comments may name what must not be used. */
function linesOf(file: string, text: string): readonly Text[] {
  return text.split("\n").flatMap((line, index) => {
    const said = line.replace(/(?:^|\s)(?:#|\/\/).*$/, "");
    const key = /^\s*(?:-\s*)?["']?([\w.-]+)["']?\s*[:=]/.exec(said)?.[1] ?? "";
    return said.trim() === "" ? [] : [{ text: said, file, line: index + 1, path: [], key }];
  });
}
