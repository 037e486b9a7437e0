// A value that must never be printed. It shows as [redacted] wherever a string, JSON or an inspector would show it.
import { inspect } from "node:util";

export class Sensitive {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The clear value. Call it only where the value leaves for its destination (host, apply, an upstream request). */
  unwrap(): string {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}
