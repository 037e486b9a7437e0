// One name that stands for something written down elsewhere.
import { at } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { nearest } from "./nearest.ts";
import { shown } from "./shown.ts";
import type { YamlSource } from "./yaml-source.ts";

/** A finding unless `name` is one of `names`; `sort` says what it should be. */
export function known(
  source: YamlSource,
  path: Path,
  name: string,
  sort: string,
  names: readonly string[],
): readonly Finding[] {
  if (names.includes(name)) return [];
  const near = nearest(name, names);
  const fix =
    near === undefined
      ? `use one of: ${names.join(", ") || `none is there; add ${sort}`}`
      : `did you mean \`${near}\`?`;
  return [at(source, path, `should be ${sort}, got ${shown(name)}`, fix)];
}
