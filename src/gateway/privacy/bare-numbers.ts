// A number that was masked went out as a string. Where it is a whole value of a tool's arguments again, it comes back bare.

/** Stands around a number's digits on the way here; the text of JSON holds it nowhere else. */
const MARK = "\0";

/** How a restorer writes a number into a JSON string, for BareNumbers to read. */
export function marked(digits: string): string {
  return MARK + digits + MARK;
}

/** A string that is one number, up to what tells whether it is a key. */
// oxlint-disable-next-line no-control-regex -- the mark is one
const BEGINNING = /^"\0\d*(?:\0(?:"\s*)?)?$/;
// oxlint-disable-next-line no-control-regex -- the mark is one
const WHOLE = /^"\0(\d+)\0"(\s*)$/;

/** JSON text in pieces of any size. */
export class BareNumbers {
  /** A first quote, and what came behind it as long as it may be one number. */
  #held = "";
  #isInside = false;
  #isEscaped = false;

  push(piece: string): string {
    let out = "";
    for (const character of piece) out += this.#take(character);
    return out;
  }

  end(): string {
    return this.#release(false);
  }

  #take(character: string): string {
    if (this.#held !== "") {
      const held = this.#held + character;
      // A key stays a string.
      if (!BEGINNING.test(held)) return this.#release(character === ":") + this.#take(character);
      this.#held = held;
      return "";
    }
    if (character === '"' && !this.#isInside) {
      this.#held = character;
      return "";
    }
    this.#follow(character);
    return character === MARK ? "" : character;
  }

  #follow(character: string): void {
    if (character === '"' && !this.#isEscaped) this.#isInside = false;
    this.#isEscaped = this.#isInside && character === "\\" && !this.#isEscaped;
  }

  #release(isKey: boolean): string {
    const held = this.#held;
    this.#held = "";
    const [, digits, space = ""] = WHOLE.exec(held) ?? [];
    if (digits !== undefined) return (isKey ? `"${digits}"` : digits) + space;
    this.#isInside = held !== "";
    return held.replaceAll(MARK, "");
  }
}
