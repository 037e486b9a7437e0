// The data key of a file: 32 bytes, wrapped as an armored age file for every recipient; split when there are key groups.
import { armor, Decrypter, Encrypter, identityToRecipient } from "age-encryption";
import { Problem } from "../lib/problem.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { damaged } from "./cipher.ts";
import { FOREIGN_KINDS, keyGroups } from "./metadata.ts";
import type { AgeKey, KeyGroup, Metadata } from "./metadata.ts";
import { combine, split } from "./shamir.ts";

const KEY_BYTES = 32;
const MAX_RECIPIENTS = 256;
const RECIPIENT = /^age1(pq1|tag1|tagpq1)?[02-9ac-hj-np-z]+$/;

/** Opens the data key with any of the identities; throws Problem naming the recipients when none fits. */
export async function unwrapDataKey(
  metadata: Metadata,
  identities: readonly Sensitive[],
  where: string,
): Promise<Uint8Array> {
  const groups = keyGroups(metadata);
  const count = groups.reduce((sum, group) => sum + (group.age ?? []).length, 0);
  if (count > MAX_RECIPIENTS) throw damaged(where, `has ${count} recipients, should be at most ${MAX_RECIPIENTS}`);
  const ours = await Promise.all(identities.map(async (one) => ({ one, recipient: await recipientOf(one) })));
  const parts: Uint8Array[] = [];
  for (const group of groups) {
    const part = await unwrapGroup(group, ours, where);
    if (part !== undefined) parts.push(part);
  }
  const needed = groups.length > 1 ? metadata.shamir_threshold || groups.length : 1;
  if (parts.length < needed || groups.length === 0) throw noIdentity(groups, identities.length, where);
  const [only] = parts;
  const key = groups.length > 1 ? combine(parts, where) : only;
  if (key?.length !== KEY_BYTES) throw damaged(where, "holds a data key that is not 32 bytes");
  return key;
}

type Ours = { readonly one: Sensitive; readonly recipient: string };

async function unwrapGroup(group: KeyGroup, ours: readonly Ours[], where: string): Promise<Uint8Array | undefined> {
  const keys = group.age ?? [];
  for (const { one, recipient } of ours) {
    // Our own entry first; the others only to notice a recipient whose name was edited.
    for (const key of [...keys].sort((a, b) => Number(b.recipient === recipient) - Number(a.recipient === recipient))) {
      const opened = await tryUnwrap(key, one, where);
      if (opened === undefined) continue;
      if (key.recipient === recipient) return opened;
      throw damaged(where, `names a recipient ${short(key.recipient)} whose key opens for another one`);
    }
  }
  return undefined;
}

async function tryUnwrap(key: AgeKey, identity: Sensitive, where: string): Promise<Uint8Array | undefined> {
  let file: Uint8Array;
  try {
    file = armor.decode(key.enc);
  } catch {
    throw damaged(where, `holds a damaged age file for ${short(key.recipient)}`);
  }
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.unwrap());
  try {
    return await decrypter.decrypt(file);
  } catch {
    // Not for this identity, or damaged: either way it does not open, and the caller says so.
    return undefined;
  }
}

/** Wraps the data key for the recipients of each group; foreign keys cannot be wrapped and are refused. */
export async function wrapDataKey(
  dataKey: Uint8Array,
  groups: readonly (readonly string[])[],
  threshold: number,
  random: (size: number) => Uint8Array,
): Promise<readonly (readonly AgeKey[])[]> {
  const parts = groups.length > 1 ? split(dataKey, groups.length, threshold || groups.length, random) : [dataKey];
  return await Promise.all(
    groups.map((recipients, at) => Promise.all(recipients.map((recipient) => wrap(parts[at] ?? dataKey, recipient)))),
  );
}

async function wrap(part: Uint8Array, recipient: string): Promise<AgeKey> {
  const encrypter = new Encrypter();
  checkRecipient(recipient);
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw badRecipient(recipient);
  }
  return { recipient, enc: armor.encode(await encrypter.encrypt(part)) };
}

/** Throws Problem unless Demesne can encrypt to this recipient (age1..., age1pq1...). */
export function checkRecipient(recipient: string): void {
  if (!RECIPIENT.test(recipient)) throw badRecipient(recipient);
}

/** Throws Problem when a file has keys that Demesne would have to leave behind. */
export function refuseForeign(metadata: Metadata, where: string): void {
  const kinds = FOREIGN_KINDS.filter((kind) => keyGroups(metadata).some((group) => (group[kind] ?? []).length > 0));
  if (kinds.length === 0) return;
  throw new Problem({
    code: "secret",
    where,
    what: `has ${kinds.join(", ")} keys, for which Demesne cannot wrap a new data key`,
    fix: "remove them with the sops program, or change keys with it: sops rotate -i",
  });
}

async function recipientOf(identity: Sensitive): Promise<string> {
  try {
    return await identityToRecipient(identity.unwrap());
  } catch {
    // The text is a secret and is not shown.
    throw new Problem({
      code: "secret",
      where: "age identity",
      what: "should be AGE-SECRET-KEY-1... or AGE-SECRET-KEY-PQ-1..., is damaged or of another kind",
      fix: "make one with: age-keygen, or age-keygen -pq",
    });
  }
}

function badRecipient(recipient: string): Problem {
  return new Problem({
    code: "secret",
    where: `recipient ${short(recipient)}`,
    what: "should be an age1... or age1pq1... recipient, with every letter right",
    fix: "print it with: age-keygen -y <identity file>",
  });
}

function noIdentity(groups: readonly KeyGroup[], tried: number, where: string): Problem {
  const names = groups.flatMap((group) => (group.age ?? []).map((key) => short(key.recipient)));
  return new Problem({
    code: "secret",
    where,
    what: `none of ${tried} age identities opens it; it is encrypted to ${names.join(", ") || "no age recipient"}`,
    fix: "point SOPS_AGE_KEY_FILE to the identity file of one of these recipients",
  });
}

/** Hybrid recipients have 1,959 characters. */
export function short(recipient: string): string {
  return recipient.length > 70 ? `${recipient.slice(0, 20)}...${recipient.slice(-8)}` : recipient;
}
