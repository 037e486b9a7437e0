import assert from "node:assert/strict";
import { format, inspect } from "node:util";
import { describe, test } from "node:test";
import { Problem } from "./problem.ts";
import { Sensitive } from "./sensitive.ts";

const CANARY = "canary-9f3b";
const secret = new Sensitive(CANARY);

/** Every way by which a value becomes text without anybody asking for it. */
const ways: Readonly<Record<string, () => string>> = {
  "as a string": () => String(secret),
  "joined with others": () => ["a", secret].join(),
  "as JSON": () => JSON.stringify({ secret }, null, 2),
  inspected: () => inspect(secret),
  "inspected deeply, with what is hidden": () =>
    inspect({ a: [{ secret }] }, { showHidden: true, depth: 9, getters: true }),
  formatted: () => format("%s %o %O %j %d", secret, secret, secret, secret, secret),
  "in an error": () =>
    inspect(new Problem({ code: "failed", where: String(secret), what: "x", fix: "y", cause: secret })),
  "by its members": () => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret).map(String)]),
  cloned: () => inspect(structuredClone(secret), { showHidden: true }),
};

describe("a sensitive value never shows", () => {
  for (const [name, show] of Object.entries(ways)) test(name, () => assert.doesNotMatch(show(), /canary/));
});

test("it is handed over only when it is asked for", () => {
  assert.equal(secret.unwrap(), CANARY);
  assert.equal(String(secret), "[redacted]");
});
