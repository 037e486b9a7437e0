// A configuration file of Demesne's own, with a first line that says whose it is.
import { resource, type Ref, type Resource } from "../resources/index.ts";

type More = {
  readonly mode?: string;
  readonly validate?: readonly string[];
  readonly comment?: "#" | "//";
  readonly needs?: readonly Ref[];
};

export function writtenFile(
  path: string,
  lines: readonly string[],
  { comment = "#", needs = [], ...more }: More = {},
): Resource {
  const content = `${[`${comment} Written by Demesne.`, ...lines].join("\n")}\n`;
  return resource("file", "common", { path, content, ...more }, { needs });
}
