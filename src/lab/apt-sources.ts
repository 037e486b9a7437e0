// Reads apt's own configuration: one-line .list and deb822 .sources files -> entries. Pure.
// Formats: sources.list(5).

export type AptSource = {
  /** http, https or mirror+file URI, without a slash at the end. */
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** What `signed-by` says: a file, or an armored key block. */
  readonly signedBy?: string | undefined;
};

export type AptFile = { readonly name: string; readonly text: string };

/** Entries for binary packages, in file order; files apt itself would not read give none. */
export function parseAptSources(files: readonly AptFile[]): AptSource[] {
  return files.flatMap(({ name, text }) => {
    if (name.endsWith(".sources")) return parseDeb822(text);
    return name.endsWith(".list") ? text.split("\n").flatMap(parseLine) : [];
  });
}

function parseLine(line: string): AptSource[] {
  const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
  if (match === null) return [];
  const [, options = "", uri = "", suite = "", components = ""] = match;
  const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
  return [{ uri: trimSlash(uri), suites: [suite], components: words(components), signedBy }];
}

function parseDeb822(text: string): AptSource[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  return lines
    .join("\n")
    .split(/\n\s*\n/)
    .flatMap(parseStanza);
}

function parseStanza(stanza: string): AptSource[] {
  const fields = new Map<string, string>();
  // A line that begins with white space continues the field above it; " ." stands for an empty line.
  for (const [, name = "", value = ""] of stanza.matchAll(/^([\w-]+):((?:.*(?:\n[ \t].*)*))/gm)) {
    fields.set(name.toLowerCase(), value.trim());
  }
  const types = words(fields.get("types") ?? "");
  if (!types.includes("deb") || /^(no|false|0|off|without)$/i.test(fields.get("enabled") ?? "yes")) return [];
  return words(fields.get("uris") ?? "").map((uri) => ({
    uri: trimSlash(uri),
    suites: words(fields.get("suites") ?? ""),
    components: words(fields.get("components") ?? ""),
    signedBy: fields.get("signed-by"),
  }));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}
