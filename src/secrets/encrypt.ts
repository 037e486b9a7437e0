// Plain tree -> ciphertext for every slot the rule asks for, and the MAC over all of them.
import type { Random } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import { aadOf, looksSealed, sealValue } from "./cipher.ts";
import { stashKey } from "./decrypt.ts";
import type { IvStash } from "./decrypt.ts";
import { macHash } from "./mac.ts";
import { matcher } from "./rule.ts";
import type { Rule } from "./rule.ts";
import { leaf, walk } from "./tree.ts";
import type { Branch, Replacements, Slot } from "./tree.ts";

const IV_BYTES = 32;

export type EncryptOptions = {
  readonly dataKey: Uint8Array;
  readonly rule: Rule;
  readonly lastModified: string;
  /** IVs of the file as it was, for the same data key only. */
  readonly ivs: IvStash;
  readonly random: Random;
  readonly where: string;
};

export type Encrypted = { readonly slots: Replacements; readonly mac: string };

/** Encrypts a whole tree; throws Problem where the rule and the content contradict each other. */
export function encryptTree(branches: readonly Branch[], options: EncryptOptions): Encrypted {
  const { dataKey, rule, where } = options;
  const isEncrypted = matcher(rule, where);
  const hash = macHash(false);
  const slots = new Map<Slot, Slot>();
  walk(branches, (slot, place) => {
    const encrypted = isEncrypted(place, slot.type === "comment");
    const at = `${where} ${place.path.join("/")}`;
    if (slot.type === "leaf" && slot.kind !== "null") hash.add(slot.text, encrypted);
    if (!encrypted || isLeftAlone(slot)) return;
    if (looksSealed(slot.text)) throw alreadySealed(at);
    const kind = slot.type === "comment" ? "comment" : slot.kind;
    if (kind === "null") return;
    const aad = aadOf(place.path);
    const iv = options.ivs.get(stashKey(aad, kind, slot.text)) ?? options.random.bytes(IV_BYTES);
    const text = sealValue(kind, slot.text, dataKey, aad, iv);
    if (slot.type === "comment" && rule.mode === "unencrypted_comment_regex") refuseMatching(text, rule, at);
    slots.set(slot, leaf("str", text));
  });
  const mac = sealValue("str", hash.value(), dataKey, options.lastModified, options.random.bytes(IV_BYTES));
  return { slots, mac };
}

function isLeftAlone(slot: Slot): boolean {
  return slot.text === "" && (slot.type === "comment" || slot.kind === "str");
}

/** Such a comment would switch encryption off for what follows, when the file is read back. */
function refuseMatching(sealed: string, rule: Rule, where: string): void {
  if (!matcher(rule, where)({ path: [], comments: [[sealed]], isInList: false }, true)) {
    throw new Problem({
      code: "secret",
      where,
      what: `unencrypted_comment_regex ${JSON.stringify(rule.value)} matches encrypted comments too`,
      fix: "anchor the pattern, for example ^ *clear:",
    });
  }
}

function alreadySealed(where: string): Problem {
  return new Problem({
    code: "secret",
    where,
    what: "is a plain value that begins with ENC[, which would be taken for ciphertext",
    fix: "change the value, or decrypt it first with: demesne secrets get",
  });
}
