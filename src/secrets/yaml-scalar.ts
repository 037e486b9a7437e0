// What a plain YAML scalar means to SOPS (go-yaml 3): its MAC and types depend on it, so ours must agree to the byte.
import { leaf } from "./tree.ts";
import type { Leaf } from "./tree.ts";

const WORDS = new Map<string, Leaf>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, leaf("null", "")] as const),
  ...["true", "True", "TRUE"].map((word) => [word, leaf("bool", "True")] as const),
  ...["false", "False", "FALSE"].map((word) => [word, leaf("bool", "False")] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, leaf("float", "NaN")] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, leaf("float", "+Inf")] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, leaf("float", "-Inf")] as const),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const TIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?)?$/;
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;

/** The typed leaf of a plain (unquoted) scalar; undefined for an integer SOPS cannot hold. */
export function plainScalar(source: string): Leaf | undefined {
  const word = WORDS.get(source);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(source)) return leaf("str", source);
  const time = timeOf(source);
  if (time !== undefined) return leaf("time", time);
  if (source.startsWith(".")) return FLOAT.test(source) ? leaf("float", floatText(source)) : leaf("str", source);
  const plain = source.replaceAll("_", "");
  const integer = integerOf(plain);
  if (integer !== undefined) {
    return integer >= INT64[0] && integer <= INT64[1] ? leaf("int", String(integer)) : bigInteger(integer, plain);
  }
  if (FLOAT.test(plain) && Number.isFinite(Number(plain))) return leaf("float", floatText(plain));
  return leaf("str", source);
}

/** Go's FormatFloat(value, 'f', -1, 64): shortest digits that read back the same, never an exponent. */
export function floatText(source: string): string {
  const value = Number(source);
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", exponent = "0"] = String(value).toLowerCase().split("e");
  if (exponent === "0") return mantissa;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(mantissa) ?? [];
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Go's ParseInt with base 0 (0x, 0o, 0b, a leading 0 is octal). */
function integerOf(plain: string): bigint | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(plain) ?? [];
  const known = /^(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)$/.test(digits);
  if (!known) return undefined;
  const value = BigInt(digits.replace(/^0(?=[0-7])/, "0o"));
  return sign === "-" ? -value : value;
}

/** Beyond 64 bits go-yaml makes decimal digits a float; up to an unsigned 64 SOPS gives up. */
function bigInteger(value: bigint, plain: string): Leaf | undefined {
  if (value > 0n && value < 2n ** 64n) return undefined;
  return FLOAT.test(plain) ? leaf("float", floatText(plain)) : leaf("str", plain);
}

/** RFC 3339 text of a timestamp, as Go's MarshalText writes it. */
function timeOf(source: string): string | undefined {
  const parts = TIME.exec(source);
  if (parts === null) return undefined;
  const [, year = "", month = "", day = "", hour, minute = "0", second = "0", fraction = "", zone] = parts;
  // With T a zone is a must, with a space it must not be there.
  if (hour !== undefined && (zone === undefined) !== source.includes(" ")) return undefined;
  const date = `${year}-${two(month)}-${two(day)}`;
  const clock = `${two(hour ?? "0")}:${two(minute)}:${two(second)}`;
  const check = new Date(`${date}T${clock}Z`);
  if (Number.isNaN(check.getTime()) || !check.toISOString().startsWith(`${date}T${clock}`)) return undefined;
  const digits = fraction.replace(/0+$/, "");
  return `${date}T${clock}${digits === "" ? "" : `.${digits}`}${zone === "+00:00" ? "Z" : (zone ?? "Z")}`;
}

function two(digits: string): string {
  return digits.padStart(2, "0");
}

/** A leaf as one line of YAML that reads back as the same leaf, with SOPS and with YAML 1.2. */
export function renderScalar(value: Leaf, isFlow: boolean): string {
  switch (value.kind) {
    case "null":
      return "null";
    case "bool":
      return value.text === "True" ? "true" : "false";
    case "float":
      return FLOAT_WORDS[value.text] ?? (value.text.includes(".") ? value.text : `${value.text}.0`);
    case "int":
    case "time":
      return value.text;
    default:
      return isPlainSafe(value.text, isFlow) || (!isFlow && SEALED.test(value.text)) ? value.text : quoted(value.text);
  }
}

const FLOAT_WORDS: Readonly<Record<string, string>> = { NaN: ".nan", "+Inf": ".inf", "-Inf": "-.inf" };

/** Ciphertext holds nothing that a block would misread; SOPS writes it bare too. */
const SEALED = /^ENC\[[A-Za-z0-9_,:+/=]+\]$/;

/** Words that some YAML reader takes for a boolean. */
const LOOSE_WORDS = /^(y|n|yes|no|on|off)$/i;

function isPlainSafe(text: string, isFlow: boolean): boolean {
  const pattern = isFlow
    ? /^[A-Za-z_][A-Za-z0-9_./+-]*$/
    : /^[A-Za-z0-9_./][A-Za-z0-9_./+@=,()-]*( [A-Za-z0-9_./+@=,()-]+)*$/;
  if (!pattern.test(text) || LOOSE_WORDS.test(text)) return false;
  return plainScalar(text)?.kind === "str" && !/^[-.0-9]/.test(text);
}

/** A JSON string is a YAML double-quoted one, but YAML forbids more characters raw. */
export function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters YAML forbids
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
