// Reads the configuration file and the key files it names. Nothing here prints or keeps a key in clear.
import { digestJson } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { GatewayConfig, type Route } from "./config.ts";
import { loadPrivacy } from "./load-privacy.ts";
import { parseYaml, readText } from "./operator-file.ts";
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
  const config = parseYaml(GatewayConfig, file, text);
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

/** A key file's one line. Throws Problem when it is missing, empty, or holds more. */
export function readKey(file: string, fix = "put the key into this file"): Sensitive {
  const key = readText(file, fix).trim();
  if (key !== "" && !/\s/.test(key)) return new Sensitive(key);
  const what = key === "" ? "is empty" : "holds more than one word, and should hold one key and nothing else";
  throw new Problem({ code: "secret", where: file, what, fix });
}
