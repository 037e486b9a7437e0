// Ciphertext tree -> plain leaves, the MAC always checked. Nothing is answered unless everything is right.
import { timingSafeEqual } from "node:crypto";
import { Problem } from "../lib/problem.ts";
import { aadOf, damaged, looksSealed, openValue } from "./cipher.ts";
import { macHash } from "./mac.ts";
import { macAad } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import { matcher, ruleOf } from "./rule.ts";
import { leaf, walk } from "./tree.ts";
import type { Branch, Comment, Leaf, Place, Replacements, Slot } from "./tree.ts";

/** IVs by AAD and value, so that an unchanged value is written back with the ciphertext it had. */
export type IvStash = Map<string, Uint8Array>;

export type Decrypted = {
  readonly values: Replacements;
  readonly ivs: IvStash;
};

/** Decrypts and checks a whole tree; throws Problem naming the first value that is wrong. */
export function decryptTree(
  branches: readonly Branch[],
  metadata: Metadata,
  dataKey: Uint8Array,
  where: string,
): Decrypted {
  const isEncrypted = matcher(ruleOf(metadata, where), where);
  const hash = macHash(metadata.mac_only_encrypted ?? false);
  const values = new Map<Slot, Slot>();
  const ivs: IvStash = new Map();
  const comments = commentOpener(branches, dataKey, where, ivs);
  walk(branches, (slot, place) => {
    const encrypted = isEncrypted(place, slot.type === "comment");
    if (slot.type === "comment") {
      const opened = encrypted ? comments(slot, place) : undefined;
      if (opened !== undefined) values.set(slot, opened);
      return;
    }
    const plain = encrypted ? openLeaf(slot, place, dataKey, where, ivs) : slot;
    if (plain !== slot) values.set(slot, plain);
    if (plain.type === "leaf" && plain.kind !== "null") hash.add(plain.text, encrypted);
  });
  checkMac(metadata, hash.value(), dataKey, where);
  return { values, ivs };
}

export function stashKey(aad: string, kind: string, text: string): string {
  return `${kind}\u0000${aad}\u0000${text}`;
}

function openLeaf(slot: Leaf, place: Place, key: Uint8Array, where: string, ivs: IvStash): Slot {
  // SOPS leaves null and the empty string as they are.
  if (slot.kind === "null" || (slot.kind === "str" && slot.text === "")) return slot;
  const at = `${where} ${place.path.join("/")}`;
  if (slot.kind !== "str" || !looksSealed(slot.text)) throw damaged(at, "should be encrypted, is in clear");
  const aad = aadOf(place.path);
  const { kind, text, iv } = openValue(slot.text, key, aad, at);
  ivs.set(stashKey(aad, kind, text), iv);
  if (kind === "comment") {
    // SOPS writes a comment of a list as one of its items.
    if (place.isInList) return { type: "comment", text };
    throw damaged(at, "is marked as a comment, should be a value");
  }
  if (!isWellFormed(kind, text)) throw damaged(at, `is marked as ${kind} but does not read as one`);
  return leaf(kind, text);
}

const FORMS: Readonly<Record<string, RegExp>> = {
  int: /^-?(0|[1-9]\d*)$/,
  float: /^(-?\d+(\.\d+)?|NaN|[+-]Inf)$/,
  bool: /^(True|False)$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
};

/** The type is not authenticated by SOPS: at least it must fit the value. */
export function isWellFormed(kind: string, text: string): boolean {
  return FORMS[kind]?.test(text) ?? true;
}

/**
 * A comment's AAD is the path of the map it stands in, and YAML libraries differ on which map that is. GCM vouches for
 * the text whichever path fits, so the file's other maps are tried too.
 */
function commentOpener(
  branches: readonly Branch[],
  key: Uint8Array,
  where: string,
  ivs: IvStash,
): (slot: Comment, place: Place) => Comment | undefined {
  let others: readonly string[] | undefined;
  const open = (slot: Comment, aad: string, at: string): Comment | undefined => {
    try {
      const { kind, text, iv } = openValue(slot.text, key, aad, at);
      if (kind !== "comment") return undefined;
      ivs.set(stashKey(aad, "comment", text), iv);
      return { type: "comment", text };
    } catch (error) {
      if (error instanceof Problem) return undefined;
      throw error;
    }
  };
  return (slot, place) => {
    if (!looksSealed(slot.text)) return undefined;
    const at = `${where} comment under ${place.path.join("/") || "the top"}`;
    const here = open(slot, aadOf(place.path), at);
    if (here !== undefined) return here;
    others ??= containerPaths(branches);
    for (const aad of others) {
      const opened = open(slot, aad, at);
      if (opened !== undefined) return opened;
    }
    throw damaged(at, "does not decrypt: damaged");
  };
}

function containerPaths(branches: readonly Branch[]): readonly string[] {
  const found = new Set<string>();
  walk(branches, (_, { path }) => {
    for (let depth = 0; depth <= path.length; depth += 1) found.add(aadOf(path.slice(0, depth)));
  });
  return [...found];
}

function checkMac(metadata: Metadata, computed: string, dataKey: Uint8Array, where: string): void {
  const { text } = openValue(metadata.mac, dataKey, macAad(metadata), `${where} sops/mac`);
  const [a, b] = [Buffer.from(text), Buffer.from(computed)];
  if (a.length === b.length && timingSafeEqual(a, b)) return;
  throw damaged(where, "does not match its MAC: values were changed, added, removed or re-ordered");
}
