// dotenv, as SOPS reads it: KEY=value lines as they are (no quoting rules), `\n` for a line break, # comments.
import { leaf } from "./tree.ts";
import type { Branch, Comment, Leaf, Replacements } from "./tree.ts";
import { flatten, unflatten } from "./flatten.ts";
import { MAX_SLOTS, tooLarge, unreadable } from "./format.ts";
import type { Format, ParsedFile } from "./format.ts";

const PREFIX = "sops_";

export const dotenv: Format = {
  name: "dotenv",
  parse: parseDotenv,
  set: (text, path, value, where) => {
    const [key, ...rest] = path;
    if (typeof key !== "string" || rest.length > 0 || !/^[^=#\s][^=\n]*$/.test(key)) {
      throw unreadable(
        `${where} ${path.join("/")}`,
        "should be one variable name",
        "dotenv files have no nested values",
      );
    }
    const line = lineOf(key, value);
    const lines = text.split("\n").filter((each, at, all) => each !== "" || at < all.length - 1);
    const at = lines.findIndex((each) => each.startsWith(`${key}=`));
    return `${(at < 0 ? [...lines, line] : lines.with(at, line)).join("\n")}\n`;
  },
};

type Line = { readonly text: string; readonly slot?: Leaf | Comment; readonly key?: string };

function parseDotenv(text: string, where: string): ParsedFile {
  const lines: Line[] = [];
  const entries: Branch["entries"][number][] = [];
  const members = new Map<string, string>();
  const seen = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (index > MAX_SLOTS) throw tooLarge(where, `holds more than ${MAX_SLOTS} lines`);
    if (line === "") {
      lines.push({ text: "" });
      continue;
    }
    if (line.startsWith("#")) {
      const comment: Comment = { type: "comment", text: line.slice(1) };
      entries.push(comment);
      lines.push({ text: line, slot: comment });
      continue;
    }
    const [key, value] = keyAndValue(line, `${where}:${index + 1}`);
    if (seen.has(key)) throw unreadable(`${where}:${index + 1}`, `has the variable ${key} twice`, "keep one of them");
    seen.add(key);
    if (key.startsWith(PREFIX)) {
      members.set(key.slice(PREFIX.length), value);
      continue;
    }
    const slot = leaf("str", value);
    entries.push({ type: "entry", key, node: slot });
    lines.push({ text: line, slot, key });
  }
  return {
    branches: [{ type: "map", entries }],
    metadata: members.size === 0 ? undefined : typed(unflatten(members, where)),
    render: (slots, metadata) => write(lines, slots, metadata),
  };
}

function keyAndValue(line: string, where: string): [string, string] {
  const at = line.indexOf("=");
  if (at < 0) throw unreadable(where, "should be KEY=value");
  return [line.slice(0, at), line.slice(at + 1).replaceAll("\\n", "\n")];
}

/** Everything in dotenv is text; these two members are not. */
function typed(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const made: Record<string, unknown> = { ...metadata };
  if (typeof made["shamir_threshold"] === "string") made["shamir_threshold"] = Number(made["shamir_threshold"]);
  const { demesne } = made;
  if (typeof demesne === "object" && demesne !== null && "recipients_revision" in demesne) {
    made["demesne"] = { ...demesne, recipients_revision: Number(demesne.recipients_revision) };
  }
  if (made["mac_only_encrypted"] === "true") made["mac_only_encrypted"] = true;
  if (made["mac_only_encrypted"] === "false") made["mac_only_encrypted"] = false;
  return made;
}

function write(
  lines: readonly Line[],
  slots: Replacements,
  metadata: Readonly<Record<string, unknown>> | undefined,
): string {
  const written = lines.map(({ text, slot, key }) => {
    const replaced = slot === undefined ? undefined : slots.get(slot);
    if (replaced === undefined) return text;
    return key === undefined || replaced.type === "comment" ? `#${replaced.text}` : lineOf(key, replaced);
  });
  while (written.at(-1) === "") written.pop();
  const members =
    metadata === undefined ? [] : flatten(metadata).map(([key, value]) => lineOf(PREFIX + key, leaf("str", value)));
  return `${[...written, ...members].join("\n")}\n`;
}

function lineOf(key: string, value: Leaf): string {
  const text = value.kind === "bool" ? value.text.toLowerCase() : value.text;
  return `${key}=${text.replaceAll("\n", "\\n")}`;
}
