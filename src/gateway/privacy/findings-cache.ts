// What was found in texts that were read before: agents send their whole history with every turn. Held are digests, places
// and pseudonyms, never a text or a value.
import { createCipheriv } from "node:crypto";
import type { Findings } from "./kinds.ts";

export type Known = {
  readonly findings: Findings;
  /** The pseudonyms, once they have been made for this key. */
  names?: readonly string[];
  /** Pseudonyms of what other texts are looked through for. */
  told?: readonly string[];
  /** The same with what was found of other texts' values in it; `key` is all of their pseudonyms. */
  spread?: { readonly key: string; readonly known: Known };
};

/** Shorter ones are read again sooner than their digest is made. */
const SHORTEST = 2048;

/** Numbers held together, three for each finding. */
const MOST_NUMBERS = 2_000_000;
const MOST_TEXTS = 50_000;

export class FindingsCache {
  readonly #key: Buffer;
  /** In order of use. */
  readonly #known = new Map<string, Known>();
  #numbers = 0;
  #scratch = Buffer.allocUnsafe(256 * 1024);

  /** `key`: 16 random bytes, so that nobody can make two texts of one digest. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The text's digest for this client; undefined when it is too short to be worth it. */
  digestOf(text: string, hint: number, keyId: string): string | undefined {
    if (text.length < SHORTEST) return undefined;
    const length = this.#write(text);
    // GMAC as a keyed hash: several GB/s, and its tags never leave this process.
    const mac = createCipheriv("aes-128-gcm", this.#key, Buffer.alloc(12));
    mac.setAAD(this.#scratch.subarray(0, length));
    mac.final();
    return `${keyId} ${hint} ${text.length} ${mac.getAuthTag().toString("latin1")}`;
  }

  get(digest: string): Known | undefined {
    const known = this.#known.get(digest);
    if (known === undefined) return undefined;
    this.#known.delete(digest);
    this.#known.set(digest, known);
    return known;
  }

  set(digest: string, known: Known): void {
    this.#known.set(digest, known);
    this.#numbers += known.findings.length;
    for (const [oldest, { findings }] of this.#known) {
      if (this.#numbers <= MOST_NUMBERS && this.#known.size <= MOST_TEXTS) return;
      this.#known.delete(oldest);
      this.#numbers -= findings.length;
    }
  }

  #write(text: string): number {
    const most = text.length * 3;
    if (this.#scratch.length < most) this.#scratch = Buffer.allocUnsafe(most);
    return this.#scratch.write(text, "utf8");
  }
}
