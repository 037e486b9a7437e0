// The options of a line in allowed_signers, and what stands behind them: the key.
import { Problem } from "../lib/problem.ts";

type Moment = { readonly at: number; readonly text: string };

export type SignerOptions = {
  /** Patterns that a signature's namespace must match; any namespace without it. */
  readonly namespaces?: string | undefined;
  readonly validAfter?: Moment | undefined;
  readonly validBefore?: Moment | undefined;
};

/** Options end at the first space outside quotes; a line without them begins with the key. */
const OPTIONS = /^([A-Za-z-]+(?:="[^"\\]*")?(?:,[A-Za-z-]+(?:="[^"\\]*")?)*)\s+(\S.*)$/;
const ONE = /([A-Za-z-]+)(?:="([^"\\]*)")?(?:,|$)/g;
const KEY = /^(?:ssh-|ecdsa-|sk-)/;

const names = ["cert-authority", "namespaces", "valid-after", "valid-before"];

/** Throws Problem `estate`. */
export function readOptions(text: string, where: string): { readonly options: SignerOptions; readonly key: string } {
  if (KEY.test(text)) return { options: {}, key: text };
  const [, list = "", key = ""] = OPTIONS.exec(text) ?? [];
  if (key === "")
    throw wrong(
      where,
      "should be a principal, options and a key",
      'write options as namespaces="...",valid-before="..."',
    );
  const given = new Map<string, string>();
  for (const [, name = "", value = ""] of list.matchAll(ONE)) {
    const known = name.toLowerCase();
    refuse(known, given.has(known), where);
    given.set(known, value);
  }
  const [validAfter, validBefore] = [moment("valid-after", given, where), moment("valid-before", given, where)];
  if (validAfter !== undefined && validBefore !== undefined && validAfter.at >= validBefore.at)
    throw wrong(where, "valid-after should be before valid-before", "correct the two times");
  const namespaces = given.get("namespaces");
  if (namespaces === "") throw wrong(where, "namespaces should not be empty", 'write namespaces="demesne-plan@v1"');
  return { options: { namespaces, validAfter, validBefore }, key };
}

function refuse(name: string, isThere: boolean, where: string): void {
  if (isThere) throw wrong(where, `should have ${name} once`, "remove one of them");
  if (name === "cert-authority")
    throw wrong(where, "cert-authority is not taken: who may approve is written here", "list each person's own key");
  if (!names.includes(name)) throw wrong(where, `${name} is no option of a signer`, `use ${names.slice(1).join(", ")}`);
}

function moment(name: string, given: ReadonlyMap<string, string>, where: string): Moment | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/.exec(text);
  const [, year = "", month = "", day = "", hour = "00", minute = "00", second = "00"] = parts ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = Date.parse(iso);
  // Date.parse rolls 31 February over.
  if (parts !== null && !Number.isNaN(at) && new Date(at).toISOString() === iso) return { at, text };
  const what = `${name} should be YYYYMMDDZ or YYYYMMDDHHMM[SS]Z; without the Z it would be another time on each machine`;
  throw wrong(where, what, `write it in UTC: ${name}="20270101Z"`);
}

function wrong(where: string, what: string, fix: string): Problem {
  return new Problem({ code: "estate", where, what, fix });
}
