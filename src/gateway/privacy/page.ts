// What the recognisers share while one text is read: the text, the words beside each number, and where findings go.
import { Context } from "./context.ts";
import { KIND_NUMBER, type Kind } from "./kinds.ts";

export class Page {
  readonly context = new Context();
  #text = "";
  #found: number[] = [];

  get text(): string {
    return this.#text;
  }

  open(text: string, hint: number): void {
    this.#text = text;
    this.#found = [];
    this.context.open(text, hint);
  }

  get found(): readonly number[] {
    return this.#found;
  }

  /** Where the last finding ends. */
  get foundUpTo(): number {
    return this.#found.at(-2) ?? 0;
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
