// A configuration for somebody who just wants to see the gateway run: everything in one folder, on loopback.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Problem } from "../lib/problem.ts";
import { GatewayConfig, SOCKET_PATH_LENGTH } from "./config.ts";
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
    management: socketIn(folder),
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
  const file = join(folder, "gateway.yaml");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, stringify(config), { mode: 0o600 });
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: `cannot be written (${reason})`,
      fix: "let this user write there, or name another folder: XDG_STATE_HOME=FOLDER demesne gateway ...",
      cause,
    });
  }
  return file;
}

/** Throws Problem: a unix socket's path may not be longer. */
function socketIn(folder: string): string {
  const path = join(folder, "management.sock");
  if (path.length <= SOCKET_PATH_LENGTH) return path;
  throw new Problem({
    code: "prerequisite",
    where: path,
    what: `a unix socket's path has at most ${SOCKET_PATH_LENGTH} characters, this one ${path.length}`,
    fix: "name a folder with a shorter path: XDG_STATE_HOME=FOLDER demesne gateway ...",
  });
}
