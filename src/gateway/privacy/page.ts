// What the recognisers share while one text is read: the text and its codes, the words beside each number, and where
// findings go.
import type { Codes } from "./characters.ts";
import { Context } from "./context.ts";
import { Folding } from "./folding.ts";
import { KIND_NUMBER, type Kind } from "./kinds.ts";
import { KEYS, Row, WORDS } from "./row.ts";

export class Page {
  readonly context = new Context();
  /** The word that was followed last. */
  readonly word = new Row(WORDS);
  /** The three parts of the last token that seemed to begin somewhere. */
  readonly tokenParts = [new Row(KEYS), new Row(KEYS), new Row(KEYS)] as const;
  readonly #folding = new Folding();
  #text = "";
  #codes: Codes = new Uint8Array(0);
  #found: number[] = [];

  get text(): string {
    return this.#text;
  }

  /** What recognisers read; the text itself is for the few that compare spellings. */
  get codes(): Codes {
    return this.#codes;
  }

  get pairs(): Uint16Array {
    return this.#folding.pairs;
  }

  open(text: string, hint: number): void {
    this.#text = text;
    this.#codes = this.#folding.fold(text);
    this.#found = [];
    this.word.forget();
    for (const part of this.tokenParts) part.forget();
    this.context.open(this.#codes, text.length, hint);
  }

  get found(): readonly number[] {
    return this.#found;
  }

  /** Where the last finding ends. */
  get foundUpTo(): number {
    const { length } = this.#found;
    return length === 0 ? 0 : (this.#found[length - 2] ?? 0);
  }

  /** Notes a finding and answers with its end. A longer one takes the place of those that it covers. */
  find(kind: Kind, start: number, end: number): number {
    const found = this.#found;
    while (found.length > 0 && (found.at(-2) ?? 0) > start) {
      // An earlier finding that begins before this one stays, and this one is a part of it or hangs over its end.
      if ((found.at(-3) ?? 0) < start) return this.#extend(end);
      found.length -= 3;
    }
    found.push(start, end, KIND_NUMBER[kind] ?? 0);
    return end;
  }

  #extend(end: number): number {
    const found = this.#found;
    found[found.length - 2] = Math.max(found.at(-2) ?? 0, end);
    return found.at(-2) ?? end;
  }
}
