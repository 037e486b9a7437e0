// For tests: a secrets file made at run time, with an identity of its own. Nothing secret is ever committed.
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { randomBytes } from "node:crypto";
import { Sensitive } from "../lib/sensitive.ts";
import { encryptFile } from "./codec.ts";
import { wrapDataKey } from "./data-key.ts";
import { DEFAULT_RULE } from "./rule.ts";
import type { Rule } from "./rule.ts";

export const realRandom = { bytes: (size: number): Uint8Array => randomBytes(size) };
export const fixedClock = { now: (): number => Date.UTC(2026, 10, 21) };

export type Person = { readonly identity: Sensitive; readonly recipient: string };

export async function aPerson(isHybrid = false): Promise<Person> {
  const identity = await (isHybrid ? generateHybridIdentity() : generateX25519Identity());
  return { identity: new Sensitive(identity), recipient: await identityToRecipient(identity) };
}

export type AFile = {
  readonly path: string;
  readonly plain: string;
  readonly rule?: Rule;
  readonly people: readonly Person[];
};

/** The text of an encrypted file as Demesne writes it. */
export async function aFile({ path, plain, rule = DEFAULT_RULE, people }: AFile): Promise<string> {
  const dataKey = randomBytes(32);
  const [age = []] = await wrapDataKey(dataKey, [people.map(({ recipient }) => recipient)], 0, realRandom.bytes);
  const input = { path, plain, dataKey, keys: { age: [...age] }, rule, ivs: new Map() };
  return encryptFile(input, { clock: fixedClock, random: realRandom });
}
