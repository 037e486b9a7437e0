// policy/allowed_signers: who may approve, in the form of ssh-keygen(1). Stricter than ssh-keygen, because people are counted
// here: a line names one person, a key is one person's, and a time says its zone.
import { Problem } from "../lib/problem.ts";
import { fingerprint, parsePublicKey, type PublicKey } from "./public-key.ts";
import { matchesList } from "./pattern-list.ts";
import { readOptions, type SignerOptions } from "./signer-options.ts";
import { WireFault } from "./wire.ts";

/** What an approval's signature is for: one over anything else never counts. */
export const NAMESPACE = "demesne-plan@v1";

export type Signer = {
  /** A person, as the estate names them. */
  readonly principal: string;
  readonly key: PublicKey;
  readonly fingerprint: string;
  readonly options: SignerOptions;
};

/** A principal is a file's name too. */
const PRINCIPAL = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}$/;

/** All signers of the text of `file`. Throws Problem `estate` with file and line. */
export function allowedSigners(text: string, file: string): readonly Signer[] {
  const signers: Signer[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const where = `${file}:${index + 1}`;
    const told = line.replace(/\r$/, "").trim();
    if (told === "" || told.startsWith("#")) continue;
    const signer = readLine(told, where);
    refuseDoubles(signer, signers, where);
    signers.push(signer);
  }
  return signers;
}

/** Why a signer's approvals do not count at this time; nothing when they do. */
export function whyNot({ options }: Signer, now: number): string | undefined {
  const { namespaces, validAfter, validBefore } = options;
  if (namespaces !== undefined && !matchesList(NAMESPACE, namespaces)) return `its key is not for ${NAMESPACE}`;
  if (validAfter !== undefined && now < validAfter.at) return `its key is valid from ${validAfter.text} on only`;
  if (validBefore !== undefined && now > validBefore.at) return `its key was valid until ${validBefore.text} only`;
  return undefined;
}

function readLine(line: string, where: string): Signer {
  const [, principal = "", rest = ""] = /^(\S+)\s+(\S.*)$/.exec(line) ?? [];
  if (rest === "")
    throw wrong(where, "should be a principal and a key", "write: alice@harbour.example ssh-ed25519 AAAA...");
  if (!PRINCIPAL.test(principal)) {
    const fix = "give each person a line: alice@harbour.example ssh-ed25519 AAAA...";
    throw wrong(
      where,
      `should begin with one person's name, without a pattern or a list, got ${shown(principal)}`,
      fix,
    );
  }
  const { options, key } = readOptions(rest, where);
  const [, type = "", base64 = ""] = /^(\S+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(key) ?? [];
  const blob = Buffer.from(base64, "base64");
  try {
    const parsed = parsePublicKey(blob);
    if (parsed.type !== type || blob.toString("base64") !== base64)
      throw new WireFault("is of another type than it says");
    return { principal, key: parsed, fingerprint: fingerprint(blob), options };
  } catch (cause) {
    if (!(cause instanceof WireFault)) throw cause;
    throw wrong(where, `the key of ${principal} ${cause.message}`, "copy the line of the .pub file once more");
  }
}

/** Otherwise one person could count as two. */
function refuseDoubles(signer: Signer, before: readonly Signer[], where: string): void {
  const { principal } = signer;
  const owner = before.find((each) => each.fingerprint === signer.fingerprint);
  if (owner !== undefined && owner.principal !== principal)
    throw wrong(
      where,
      `the key of ${principal} is ${owner.principal}'s already`,
      "give each person a key of their own",
    );
  if (owner !== undefined) throw wrong(where, `the key of ${principal} stands here twice`, "remove one of the lines");
  const alike = before.find((each) => isAlike(each.principal, principal));
  if (alike !== undefined)
    throw wrong(where, `${principal} and ${alike.principal} would be two people`, "spell one person's name one way");
}

function isAlike(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase();
}

/** What stands in the file may not steer the terminal that shows the message. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60)).replaceAll(/[^\u0020-\u007e]/g, "?");
}

function wrong(where: string, what: string, fix: string): Problem {
  return new Problem({ code: "estate", where, what, fix });
}
