// A configuration for somebody who just wants to see the gateway run: everything in one folder, on loopback.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { GatewayConfig } from "./config.ts";
import { loadPrices, ownPrices } from "./price.ts";

export type FirstConfig = {
  readonly folder: string;
  readonly listen: string;
  /** File with Anthropic's key: every model with a price gets a route. */
  readonly keyFile: string | undefined;
  /** Base URL of a local worker: it gets the route `claude-local`. */
  readonly worker: { readonly url: string; readonly model: string } | undefined;
};

/** Writes the file into the folder and answers with its path. */
export function writeFirstConfig({ folder, listen, keyFile, worker }: FirstConfig): string {
  const hosted = { upstream: "https://api.anthropic.com", dialect: "anthropic", keyFile, residency: "global" };
  const config = GatewayConfig.parse({
    format: 1,
    listen,
    management: join(folder, "management.sock"),
    state: join(folder, "state"),
    routes: {
      ...(keyFile === undefined
        ? {}
        : Object.fromEntries([...loadPrices(ownPrices).models.keys()].map((model) => [model, hosted]))),
      ...(worker === undefined
        ? {}
        : { "claude-local": { upstream: worker.url, dialect: "openai", model: worker.model, residency: "local" } }),
    },
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
