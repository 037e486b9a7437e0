// Which values of a file are encrypted: SOPS's six modes.
import { Problem } from "../lib/problem.ts";
import type { Place } from "./tree.ts";

const RULE_MODES = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "encrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
] as const;
export type RuleMode = (typeof RULE_MODES)[number];
export type Rule = { readonly mode: RuleMode; readonly value: string };

export const DEFAULT_RULE: Rule = { mode: "unencrypted_suffix", value: "_unencrypted" };

const MAX_PATTERN_LENGTH = 500;

/** Picks the one rule of a file's metadata or of a creation rule; none is SOPS's default, two are refused. */
export function ruleOf(fields: { readonly [mode in RuleMode]?: string | undefined }, where: string): Rule {
  const given = RULE_MODES.filter((mode) => (fields[mode] ?? "") !== "");
  if (given.length > 1) {
    throw new Problem({
      code: "secret",
      where,
      what: `has more than one rule for what is encrypted: ${given.join(", ")}`,
      fix: "keep one of them",
    });
  }
  const [mode] = given;
  return mode === undefined ? DEFAULT_RULE : { mode, value: fields[mode] ?? "" };
}

/** The rule as a question about one slot. The pattern is compiled once. */
export function matcher(rule: Rule, where: string): (place: Place, isComment: boolean) => boolean {
  const { mode, value } = rule;
  const isNamed = mode.startsWith("encrypted_");
  if (mode.endsWith("_suffix")) return ({ path }) => path.some((key) => key.endsWith(value)) === isNamed;
  const pattern = goRegExp(value, where);
  if (!mode.endsWith("_comment_regex")) return ({ path }) => path.some((key) => pattern.test(key)) === isNamed;
  return ({ comments }, isComment) => {
    const all = comments.flat();
    // A comment does not speak for itself where it asks for encryption: it stays readable.
    const speaking = isComment && isNamed ? all.slice(0, -1) : all;
    return speaking.some((text) => pattern.test(text)) === isNamed;
  };
}

/** A Go (RE2) pattern in JavaScript. Refuses what would mean something else here, or could run away. */
export function goRegExp(source: string, where: string): RegExp {
  const refuse = (what: string): Problem =>
    new Problem({
      code: "secret",
      where,
      what: `pattern ${JSON.stringify(source)} ${what}`,
      fix: "write a simpler one",
    });
  if (source.length > MAX_PATTERN_LENGTH) throw refuse(`is longer than ${MAX_PATTERN_LENGTH} characters`);
  if (/\([^()]*[*+}][^()]*\)[*+{]/.test(source)) throw refuse("repeats a repetition, which can run for ever");
  if (/\\[1-9]|\(\?<?[=!]/.test(source)) throw refuse("uses look-around or a back reference, which SOPS does not know");
  const [, flags = "", rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  const body = rest
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$")
    .replace(/\[\[:(alpha|digit|alnum|space|upper|lower):\]\]/g, (_, name: string) => POSIX[name] ?? "");
  try {
    return new RegExp(body, `u${flags}`);
  } catch {
    throw refuse("cannot be compiled");
  }
}

const POSIX: Readonly<Record<string, string>> = {
  alpha: "[A-Za-z]",
  digit: "[0-9]",
  alnum: "[A-Za-z0-9]",
  space: "[\\t\\n\\v\\f\\r ]",
  upper: "[A-Z]",
  lower: "[a-z]",
};
