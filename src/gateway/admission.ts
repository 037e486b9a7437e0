// Who asks, who pays for it, and what they may ask.
import type { IncomingMessage } from "node:http";
import { UPSTREAM_PATH } from "./endpoints.ts";
import type { Desk, Exchange, ModelEndpoint } from "./exchange.ts";
import { stringAt, type JsonObject } from "./json.ts";
import { accountOf, type VirtualKey } from "./keyring.ts";
import type { Limited } from "./limits.ts";
import type { LiveRoute, LoadedConfig } from "./load-config.ts";
import { ownerAccount, ownersOf } from "./owners.ts";
import { plainRefusal, Refusal } from "./refusal.ts";
import type { Terms } from "./terms.ts";

export type Caller = Pick<Exchange, "request" | "requestId">;

/** Who asks, and who pays for it. Throws Refusal for whom policy keeps out; where the key is known, the audit has it. */
export async function enter(desk: Desk, { request, requestId }: Caller, check: (key: VirtualKey) => void) {
  const credentials = credentialsOf(request);
  try {
    const key = desk.keyring.authenticate(credentials);
    const payers = payersOf(desk, key);
    check(key);
    // In the same turn: whoever blocks the key ends it, and who comes next counts it.
    return { key, payers, under: desk.inFlight.begin(payers) };
  } catch (error) {
    const known = desk.keyring.recognise(credentials);
    if (known !== undefined) await desk.till.refused(requestId, known, error instanceof Refusal ? error.kind : "bug");
    throw error;
  }
}

/** Throws Refusal: there is a way to say that this part of a provider's API is not let through, and no other answer. */
export async function refuseTo(desk: Desk, caller: Caller, what: string): Promise<void> {
  await enter(desk, caller, () => {
    throw plainRefusal("policy_blocked", `${what} are kept at the provider: they are not let through`);
  });
}

/** Both headers may be there at once (Claude Code's apiKeyHelper sends both): either counts. */
export function credentialsOf(request: IncomingMessage): string[] {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const apiKey = request.headers["x-api-key"];
  return [bearer, typeof apiKey === "string" ? apiKey : undefined].filter((value) => value !== undefined);
}

/** Throws Refusal when the key is not for this part of the API. */
export function checkPath({ routes }: VirtualKey, { operation }: ModelEndpoint): void {
  const path = UPSTREAM_PATH[operation];
  if (routes.length === 0 || routes.includes(path)) return;
  throw new Refusal("permission_error", `this virtual key is not for ${path}`);
}

/** The key and who owns it: all of them are limited, and all of them pay. Throws Refusal when one of them is blocked. */
function payersOf(desk: Desk, key: VirtualKey): Limited[] {
  const owners = ownersOf(desk.owners, key);
  const blocked = owners.find((owner) => owner.blocked);
  if (blocked !== undefined) throw new Refusal("authentication_error", `this key's ${blocked.kind} is blocked`);
  const limited = (id: string, terms: Terms): Limited => ({ id, terms, running: desk.inFlight.countOf(id) });
  return [limited(accountOf(key), key), ...owners.map((owner) => limited(ownerAccount(owner), owner))];
}

export function routeOf(config: LoadedConfig, payers: readonly Limited[], asked: JsonObject): LiveRoute {
  const alias = stringAt(asked["model"], "model");
  const route = config.live.get(alias);
  if (route === undefined || !mayUse(payers, alias)) {
    const reason = "the model is not served to this key";
    throw new Refusal("not_found_error", `model: ${alias} is not served to this key`, {}, { reason });
  }
  return route;
}

/** The models that a key sees: those that it, its user and its team may all use. */
export function modelsFor(desk: Desk, request: IncomingMessage): string[] {
  const payers = payersOf(desk, desk.keyring.authenticate(credentialsOf(request)));
  return [...desk.config.live.keys()].filter((alias) => mayUse(payers, alias));
}

export function mayUse(payers: readonly Limited[], alias: string): boolean {
  return payers.every(({ terms }) => terms.models.length === 0 || terms.models.includes(alias));
}
