// A configuration file of Demesne's own, with a first line that says whose it is.
import { resource, type Resource } from "../resources/index.ts";

type More = { readonly mode?: string; readonly validate?: readonly string[]; readonly comment?: "#" | "//" };

export function writtenFile(path: string, lines: readonly string[], { comment = "#", ...more }: More = {}): Resource {
  return resource("file", "common", {
    path,
    content: `${[`${comment} Written by Demesne.`, ...lines].join("\n")}\n`,
    ...more,
  });
}
