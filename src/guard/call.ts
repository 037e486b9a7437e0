// One simple command after expansion, as the rules see it.
import { basename } from "node:path";
import { UNKNOWN } from "./field.ts";

export type Call = {
  /** Name and arguments; marks stand for what is only known at run time. */
  readonly argv: readonly string[];
  /** Text on standard input: known, with marks in it, or undefined where nothing is piped in. */
  readonly stdin: string | undefined;
};

/** The program's name without its folder; `busybox` and `env` are unwrapped elsewhere. */
export function programOf(call: Call): string {
  return basename(call.argv[0] ?? "").replace(/^(python|pypy|perl|ruby|lua|php|node|gcc|clang)[\d.]+$/, "$1");
}

export function argsOf(call: Call): readonly string[] {
  return call.argv.slice(1);
}

export type Options = {
  /** Short letters and long names that were given, without dashes and values. */
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
};

/**
 * Splits arguments into flags, values and operands. `valued` names the options that take the next argument as value
 * (`o`, `output`). Long options may be shortened by their user: ask with `hasLong`.
 */
export function readOptions(args: readonly string[], valued: readonly string[] = []): Options {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const keep = (name: string, value: string): void => void values.set(name, [...(values.get(name) ?? []), value]);
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const [name = "", ...rest] = arg.slice(2).split("=");
      flags.add(name);
      if (rest.length > 0) keep(name, rest.join("="));
      else if (valued.includes(name)) keep(name, args[(at += 1)] ?? "");
    } else if (arg.startsWith("-") && arg.length > 1) {
      at += readLetters(arg.slice(1), args[at + 1], valued, flags, keep);
    } else operands.push(arg);
  }
  return { flags, values, operands };
}

/** Answers how many further arguments were used up. */
function readLetters(
  letters: string,
  next: string | undefined,
  valued: readonly string[],
  flags: Set<string>,
  keep: (name: string, value: string) => void,
): number {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? "";
    flags.add(letter);
    if (!valued.includes(letter)) continue;
    const rest = letters.slice(at + 1);
    keep(letter, rest === "" ? (next ?? "") : rest);
    return rest === "" ? 1 : 0;
  }
  return 0;
}

/** Whether a long option was given, also shortened (`--forc` for `--force`) as most programs accept it. */
export function hasLong(options: Options, name: string): boolean {
  for (const flag of options.flags) {
    if (flag === name || (flag.length >= 3 && name.startsWith(flag)) || flag.includes(UNKNOWN)) return true;
  }
  return false;
}

export function hasAny(options: Options, ...flags: readonly string[]): boolean {
  return flags.some((flag) => options.flags.has(flag));
}
