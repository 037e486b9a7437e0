// What a reload cannot change: fields that are read once, when the gateway starts.
import { canonicalJson } from "../lib/canonical-json.ts";
import type { GatewayConfig } from "./config.ts";

const AT_START = [
  "listen",
  "management",
  "metrics",
  "traces",
  "state",
  "masterKeyFile",
  "serviceKeys",
  "auditDays",
] as const satisfies readonly (keyof GatewayConfig)[];

/** The fields that the running gateway still has from its start, and that the file now says otherwise. */
export function waitingForRestart(started: GatewayConfig, next: GatewayConfig): readonly string[] {
  const text = (config: GatewayConfig, field: (typeof AT_START)[number]): string =>
    canonicalJson(config[field] ?? null);
  return AT_START.filter((field) => text(started, field) !== text(next, field));
}
