// The version that package.json names; read, not imported, so that --version costs nothing else.
import { readFileSync } from "node:fs";

export function version(): string {
  const text: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof text === "object" && text !== null && "version" in text ? String(text.version) : "unknown";
}
