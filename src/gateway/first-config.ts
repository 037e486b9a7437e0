// A configuration for somebody who just wants to see the gateway run: everything in one folder, on loopback.
import { join } from "node:path";
import { stringify } from "yaml";
import { Problem } from "../lib/problem.ts";
import { SOCKET_PATH_LENGTH } from "./config.ts";
import { loadPrices, ownPrices } from "./price.ts";

export type FirstConfig = {
  readonly folder: string;
  /** The gateway's own default when left out. */
  readonly listen: string | undefined;
  /** File with Anthropic's key: every model with a price gets a route. */
  readonly keyFile: string | undefined;
  /** A local worker: it gets the route `claude-local`. */
  readonly worker:
    | { readonly url: string; readonly model: string; readonly contextTokens: number | undefined }
    | undefined;
};

const HEAD = `# Written by the first start of "demesne gateway", and yours from then on: no start changes it.
# Every field: docs/reference/gateway-config.md. What is left out has its default.
`;

/**
 * The file's text. It says only what was asked for: a default that is written down once stays when the gateway's changes.
 * Throws Problem when the folder's path is too long.
 */
export function firstConfig({ folder, listen, keyFile, worker }: FirstConfig): string {
  const hosted = { upstream: "https://api.anthropic.com", dialect: "anthropic", keyFile, residency: "global" };
  const models = keyFile === undefined ? [] : [...loadPrices(ownPrices).models.keys()];
  const config = {
    format: 1,
    ...(listen === undefined ? {} : { listen }),
    management: socketIn(folder),
    state: join(folder, "state"),
    routes: {
      ...Object.fromEntries(models.map((model) => [model, hosted])),
      ...(worker === undefined ? {} : { "claude-local": workerRoute(worker) }),
    },
  };
  return HEAD + stringify(config, { aliasDuplicateObjects: false });
}

function workerRoute({ url, model, contextTokens }: NonNullable<FirstConfig["worker"]>): object {
  const abilities = contextTokens === undefined ? {} : { worker: { contextTokens } };
  return { upstream: url, dialect: "openai", model, residency: "local", ...abilities };
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
