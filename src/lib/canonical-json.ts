// RFC 8785 (JSON Canonicalization Scheme): one value, one byte sequence, so that digests and signatures mean something.

/** What JSON can hold. `undefined` members are left out, as JSON.stringify does. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * The RFC 8785 text of a value: keys sorted by UTF-16 code units, ECMAScript numbers, no white space.
 * Throws TypeError on NaN, infinities, lone surrogates and anything that is not JSON.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (typeof value === "string") return canonicalString(value);
  // Not map: it leaves the holes of a sparse array out.
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object") return canonicalObject(value);
  throw new TypeError(`not JSON: ${typeof value}`);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`not JSON: ${value}`);
  return JSON.stringify(value);
}

function canonicalString(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("not JSON: a lone surrogate");
  return JSON.stringify(value);
}

function canonicalObject(value: object): string {
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) {
    throw new TypeError(`not JSON: ${value.constructor.name}`);
  }
  // Keys one by one, not Object.entries: a ledger writes two records of twenty members for every request.
  const members: Readonly<Record<string, unknown>> = { ...value };
  let text = "";
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${canonicalString(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
