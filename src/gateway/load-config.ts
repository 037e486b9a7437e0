// Reads the configuration file and the key files it names. Nothing here prints or keeps a key in clear.
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { digestJson } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { GatewayConfig, type Route } from "./config.ts";
import { loadPrivacy } from "./load-privacy.ts";
import { loadPrices, ownPrices, type PriceList } from "./price.ts";
import type { Dictionary } from "./privacy/index.ts";

export type LiveRoute = Route & {
  readonly alias: string;
  /** What the upstream calls the model. */
  readonly model: string;
  readonly key: Sensitive | undefined;
  /** The upstream's URL, taken apart once. */
  readonly origin: string;
  readonly host: string;
  readonly path: string;
};

export type LoadedConfig = GatewayConfig & {
  readonly live: ReadonlyMap<string, LiveRoute>;
  readonly priceList: PriceList;
  /** The names that the policy's dictionaries hold. */
  readonly dictionaries: readonly Dictionary[];
  /** Digest of the routes, prices and data classes: the audit names it with every request. */
  readonly policy: string;
};

/**
 * `text` is what the file will hold where it is not there yet. Throws Problem when the file or one of its key files cannot be
 * read, or a value is not what the schema asks for.
 */
export function loadConfig(
  file: string,
  text = readText(file, "name the configuration with --config FILE"),
): LoadedConfig {
  const config = parseConfig(file, text);
  const live = Object.entries(config.routes).map(([alias, route]): [string, LiveRoute] => [
    alias,
    liveRoute(alias, route),
  ]);
  const priceList = loadPrices(config.prices ?? ownPrices);
  const { dictionaries, identity } = loadPrivacy(config.privacy);
  const policy = digestJson({ routes: config.routes, prices: Object.fromEntries(priceList.models), privacy: identity });
  return { ...config, live: new Map(live), priceList, dictionaries, policy };
}

function liveRoute(alias: string, route: Route): LiveRoute {
  const { origin, host, pathname } = new URL(route.upstream);
  const key = route.keyFile === undefined ? undefined : readKey(route.keyFile);
  return { ...route, alias, model: route.model ?? alias, key, origin, host, path: pathname.replace(/\/$/, "") };
}

function parseConfig(file: string, text: string): GatewayConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const what = broken.message.split("\n")[0] ?? "is not YAML";
    throw new Problem({
      code: "usage",
      where: `${file}:${lines.linePos(broken.pos[0]).line}`,
      what,
      fix: `edit ${file}`,
    });
  }
  const parsed = GatewayConfig.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem({ code: "usage", ...issueText(file, issue, lineOf), fix: `edit ${file}` });

  function lineOf(path: readonly PropertyKey[]): number {
    // The deepest node that exists: a missing key has no line of its own.
    for (let depth = path.length; depth > 0; depth--) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
        return lines.linePos(Number(node.range[0])).line;
      }
    }
    return 1;
  }
}

function issueText(
  file: string,
  issue: z.core.$ZodIssue | undefined,
  lineOf: (path: readonly PropertyKey[]) => number,
): { where: string; what: string } {
  const path = issue?.path ?? [];
  return {
    where: `${file}:${lineOf(path)} ${path.join("/")}`.trimEnd(),
    what: issue?.message ?? "is not a configuration",
  };
}

/** A key file's one line. Throws Problem when it is missing, empty, or holds more. */
export function readKey(file: string, fix = "put the key into this file"): Sensitive {
  const key = readText(file, fix).trim();
  if (key !== "" && !/\s/.test(key)) return new Sensitive(key);
  const what = key === "" ? "is empty" : "holds more than one word, and should hold one key and nothing else";
  throw new Problem({ code: "secret", where: file, what, fix });
}

function readText(file: string, fix: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    const what = UNREADABLE[reason] ?? `cannot be read (${reason})`;
    throw new Problem({ code: "usage", where: file, what, fix, cause });
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EISDIR: "is a folder, not a file",
  EACCES: "cannot be read by this user",
};
