// Pseudonyms of one request: minted by HMAC, so that nothing has to be stored for the same value to get the same name on
// every turn; the way back to the values lives in memory and goes with the request.
import { createHmac } from "node:crypto";
import { FOLD, INVISIBLE, isDigit, isLatin, LETTER } from "./characters.ts";
import { TAGS, type Counts, type Kind } from "./kinds.ts";
import { placeholder } from "./placeholder.ts";
import { plainRefusal } from "../refusal.ts";

/** Makes pseudonyms for one virtual key. The gateway's secret never leaves it. */
export type Mint = (kind: Kind, value: string | number) => string;

/** Other keys get other names for the same value, so that two clients cannot compare theirs. */
export function mintFor(secret: Buffer, keyId: string): Mint {
  return (kind, value) => {
    const spelling = String(value);
    const stem = digestOf(secret, ["value", keyId, kind, canonical(kind, spelling)]);
    const form = typeof value === "number" ? "number" : "spelling";
    return placeholder(TAGS[kind], stem, digestOf(secret, [form, keyId, kind, spelling]));
  };
}

function digestOf(secret: Buffer, parts: readonly string[]): Buffer {
  // As JSON no two lists of parts read the same.
  return createHmac("sha256", secret).update(JSON.stringify(parts)).digest();
}

/** What all spellings of one value have in common: they share the stem of their pseudonyms. */
function canonical(kind: Kind, spelling: string): string {
  if (kind === "literal" || kind === "secret") return spelling;
  let text = "";
  for (let at = 0; at < spelling.length; at += 1) {
    const code = FOLD[spelling.charCodeAt(at)] ?? 0;
    if (isDigit(code) || isLatin(code)) text += String.fromCharCode(code >= 0x61 ? code - 0x20 : code);
    else if (code === LETTER) text += spelling.charAt(at).toUpperCase();
    else if (code >= 0x80 && code !== INVISIBLE) text += spelling.charAt(at);
    else if (kind === "email" && code === 0x40) text += "@";
  }
  return kind === "phone" ? text.replace(/^(?:00)?44/, "0").replace(/^00/, "0") : text;
}

export class Pseudonyms {
  readonly #mint: Mint;
  /** By pseudonym, in lower case: a model may write a heading in capitals. */
  readonly #values = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #minted = new Map<string, string>();
  readonly #numbers = new Set<string>();
  readonly #counts: Partial<Record<Kind, number>> = {};

  constructor(mint: Mint) {
    this.#mint = mint;
  }

  /** The pseudonym of a value, for somebody who only wants to know it. */
  minted(kind: Kind, value: string | number): string {
    const key = `${kind} ${typeof value} ${value}`;
    const name = this.#minted.get(key) ?? this.#mint(kind, value);
    this.#minted.set(key, name);
    return name;
  }

  /** The pseudonym of a value as it is spelled, or of a JSON number; `made` is the one that was made for it before. */
  nameOf(kind: Kind, value: string | number, made?: string): string {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    const key = `${kind} ${typeof value} ${value}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = made ?? this.minted(kind, value);
    const folded = name.toLowerCase();
    // One in 2^66 for two spellings; the wrong value must not come back even then.
    if (this.#values.has(folded)) throw plainRefusal("policy_blocked", "two values of this request have one pseudonym");
    this.#names.set(key, name);
    this.#values.set(folded, String(value));
    if (typeof value === "number") this.#numbers.add(folded);
    return name;
  }

  /** The value of a pseudonym that was minted in this request, whatever its case. */
  valueOf(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }

  /** Whether the pseudonym stands for a JSON number. */
  isNumber(name: string): boolean {
    return this.#numbers.has(name.toLowerCase());
  }

  get hasNumbers(): boolean {
    return this.#numbers.size > 0;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  get counts(): Counts {
    return this.#counts;
  }
}
