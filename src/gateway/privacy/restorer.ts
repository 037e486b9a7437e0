// Brings values back into an answer that comes in pieces of any size. What cannot become a pseudonym any more goes on at
// once. A piece of JSON (a tool's arguments) is read through its escapes and written with them.
import { marked } from "./bare-numbers.ts";
import { isAttached, isOnTheWayOut, LOOK_AHEAD, LOOK_BACK } from "./exits.ts";
import { isPlaceholderPrefix, PLACEHOLDER_LENGTH } from "./placeholder.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

export type RestorerOptions = {
  readonly pseudonyms: Pseudonyms;
  /** Plain text, or the text of a JSON document; numbers are marked in the latter. */
  readonly form: "text" | "json";
  /** What a value does that would leave by way of a URL or a host name: it stays a pseudonym, or ends the answer. */
  readonly onTheWayOut: (name: string) => void;
  /** Called for every value that comes back. */
  readonly onRestored?: (name: string) => void;
};

/** One character as it is written (an escape has up to six) and as it is read. */
type Unit = { readonly raw: string; readonly read: string };

export class Restorer {
  readonly #options: RestorerOptions;
  /** Characters that may be the beginning of a pseudonym. */
  #held: Unit[] = [];
  /** A whole pseudonym that waits for how its word goes on, and what of the word has come. */
  #whole: { readonly units: readonly Unit[]; readonly name: string } | undefined;
  #following: Unit[] = [];
  /** An escape that is cut. */
  #cut = "";
  /** What was read last, of this JSON string or of this text. */
  #before = "";

  constructor(options: RestorerOptions) {
    this.#options = options;
  }

  push(piece: string): string {
    const text = this.#cut + piece;
    this.#cut = "";
    let out = "";
    for (let at = 0; at < text.length;) {
      if (this.#isIdle) {
        const next = this.#nextStart(text, at);
        out += this.#pass(text.slice(at, next));
        at = next;
      }
      const raw = this.#unitAt(text, at);
      at += raw.length;
      if (raw !== "") out += this.#take({ raw, read: readOf(raw) });
      else if (this.#cut !== "") break;
    }
    return out;
  }

  /** What is still held when nothing more comes. */
  end(): string {
    const cut = this.#cut === "" ? "" : this.#take({ raw: this.#cut, read: this.#cut });
    this.#cut = "";
    return cut + this.#settle();
  }

  get #isIdle(): boolean {
    return this.#held.length === 0 && this.#whole === undefined;
  }

  /** Ordinary text. Of JSON only what stands in the same string counts as standing before. */
  #pass(text: string): string {
    const quote = this.#options.form === "json" ? text.lastIndexOf('"') : -1;
    this.#before = (quote === -1 ? this.#before + text : text.slice(quote + 1)).slice(-LOOK_BACK);
    return text;
  }

  /** Where a pseudonym or, in JSON, an escape can begin. */
  #nextStart(text: string, from: number): number {
    const start = this.#options.form === "json" ? /[qQ\\]/g : /[qQ]/g;
    start.lastIndex = from;
    return start.exec(text)?.index ?? text.length;
  }

  /** The next character as it is written; empty at the end and where the rest of an escape has not come yet. */
  #unitAt(text: string, at: number): string {
    if (this.#options.form === "text" || text.charAt(at) !== "\\") return text.charAt(at);
    const raw = /^\\(?:u[0-9a-fA-F]{4}|[^u])/s.exec(text.slice(at, at + 6))?.[0];
    if (raw !== undefined) return raw;
    if (text.length - at >= 6) return "\\";
    this.#cut = text.slice(at);
    return "";
  }

  #take(unit: Unit): string {
    if (this.#whole !== undefined) return this.#takeFollowing(unit);
    this.#held.push(unit);
    return this.#sift();
  }

  /** Lets go of what cannot begin a pseudonym; keeps or completes what can. */
  #sift(): string {
    let out = "";
    while (this.#held.length > 0) {
      const read = this.#held.map((unit) => unit.read).join("");
      if (isPlaceholderPrefix(read)) {
        if (read.length < PLACEHOLDER_LENGTH) return out;
        if (this.#options.pseudonyms.valueOf(read) !== undefined) {
          this.#whole = { units: this.#held, name: read };
          this.#held = [];
          return out;
        }
      }
      out += this.#release(this.#held.shift());
    }
    return out;
  }

  #release(unit: Unit | undefined): string {
    if (unit === undefined) return "";
    if (this.#options.form === "json" && unit.raw === '"') this.#before = "";
    else this.#before = (this.#before + unit.read).slice(-LOOK_BACK);
    return unit.raw;
  }

  #takeFollowing(unit: Unit): string {
    const isPart = isAttached(unit.read) && unit.raw !== '"' && this.#following.length < LOOK_AHEAD;
    this.#following.push(unit);
    return isPart ? "" : this.#resolve();
  }

  /** The word is whole: the value comes back, or it stays away. What followed is read on its own. */
  #resolve(): string {
    const whole = this.#whole;
    if (whole === undefined) return "";
    const following = this.#following;
    this.#whole = undefined;
    this.#following = [];
    let out = this.#decide(whole.name, whole.units, following.map(({ read }) => read).join(""));
    for (const unit of following) out += this.#take(unit);
    return out;
  }

  #decide(name: string, units: readonly Unit[], after: string): string {
    const { pseudonyms, form, onTheWayOut, onRestored } = this.#options;
    const value = pseudonyms.valueOf(name) ?? name;
    if (isOnTheWayOut(this.#before, after)) {
      onTheWayOut(name);
      return units.map((unit) => this.#release(unit)).join("");
    }
    onRestored?.(name);
    // What was restored may itself be the beginning of a URL.
    this.#before = (this.#before + value).slice(-LOOK_BACK);
    if (form === "text") return value;
    return pseudonyms.isNumber(name) ? marked(value) : JSON.stringify(value).slice(1, -1);
  }

  #settle(): string {
    let out = "";
    while (this.#whole !== undefined) out += this.#resolve();
    for (const unit of this.#held) out += this.#release(unit);
    this.#held = [];
    return out;
  }
}

function readOf(raw: string): string {
  if (raw.length === 1) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}

/** A text that is whole. */
export function restored(text: string, options: RestorerOptions): string {
  const restorer = new Restorer(options);
  return restorer.push(text) + restorer.end();
}
