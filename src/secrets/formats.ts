// File formats of secrets files: which one a path has.
import { extname } from "node:path";
import { binary } from "./binary.ts";
import { dotenv } from "./dotenv.ts";
import { unreadable } from "./format.ts";
import type { Format } from "./format.ts";
import { json } from "./json.ts";
import { yaml } from "./yaml.ts";

export { MAX_FILE_BYTES, tooLarge } from "./format.ts";
export type { Format, ParsedFile, Step } from "./format.ts";

const FORMATS: Readonly<Record<string, Format>> = { ".yaml": yaml, ".yml": yaml, ".json": json, ".env": dotenv };

/** The format of a file by its name, as SOPS decides it; throws Problem for INI, which Demesne does not write. */
export function formatOf(path: string): Format {
  const extension = path.endsWith("/.env") || path === ".env" ? ".env" : extname(path);
  if (extension === ".ini") {
    throw unreadable(path, "is an INI file", "keep the values as YAML: sops decrypt --output-type yaml");
  }
  return FORMATS[extension] ?? binary;
}
