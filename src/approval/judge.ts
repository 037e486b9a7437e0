// Do a plan's signatures meet what the estate asks for? People are counted, not keys; a signature that does not count says why.
import { digest } from "../lib/digest.ts";
import type { Plan } from "../plan/index.ts";
import { NAMESPACE, whyNot, type Signer } from "./allowed-signers.ts";
import { fingerprint } from "./public-key.ts";
import { verifySshSig, type Signed } from "./sshsig.ts";
import { WireFault } from "./wire.ts";

/** A signature as it was found: `<principal>.sig`. */
export type SignatureFile = { readonly name: string; readonly text: string };

export type Approval = Pick<Signed, "isTouched" | "isVerified"> & {
  readonly principal: string;
  /** Of the key. */
  readonly fingerprint: string;
  /** Of the signature's file. */
  readonly digest: string;
};

type Need = NonNullable<Plan["approval"]>["needs"][number];

/** One risk of the plan: who approved it, and what is missing. */
export type Met = {
  readonly need: Need;
  readonly by: readonly string[];
  /** How many people are missing. */
  readonly lacks: number;
  /** The author does not count, so that a signature must prove who the author is; this says what is missing for it. */
  readonly authorLacks?: string | undefined;
  /** Who could still approve. */
  readonly could: readonly string[];
};

export type Standing = {
  readonly approvals: readonly Approval[];
  /** Signatures that do not count. */
  readonly rejected: readonly { readonly name: string; readonly why: string }[];
  readonly met: readonly Met[];
  readonly isApproved: boolean;
};

export type JudgeInput = {
  /** The plan's bytes, which are what was signed. */
  readonly bytes: Uint8Array;
  readonly author: string | undefined;
  readonly needs: readonly Need[];
  readonly signers: readonly Signer[];
  readonly files: readonly SignatureFile[];
  readonly now: number;
};

export function judge(input: JudgeInput): Standing {
  const judged = input.files.map((file) => judgeFile(file, input));
  const approvals = judged.flatMap((each) => ("principal" in each ? [each] : []));
  const rejected = judged.flatMap((each) => ("why" in each ? [each] : []));
  const met = input.needs.map((need) => meet(need, approvals, input));
  const isApproved = met.every((each) => each.lacks === 0 && each.authorLacks === undefined);
  return { approvals, rejected, met, isApproved };
}

function judgeFile({ name, text }: SignatureFile, input: JudgeInput): Approval | { name: string; why: string } {
  const rejected = (why: string) => ({ name, why });
  try {
    const { publicKey, ...flags } = verifySshSig(input.bytes, text, NAMESPACE);
    const print = fingerprint(publicKey);
    const signer = input.signers.find((each) => each.fingerprint === print);
    if (signer === undefined) return rejected(`is by a key that is not in policy/allowed_signers (${print})`);
    if (name !== `${signer.principal}.sig`) return rejected(`is the signature of ${signer.principal}`);
    const reason = whyNot(signer, input.now);
    if (reason !== undefined) return rejected(`does not count: ${reason}`);
    return { principal: signer.principal, fingerprint: print, digest: digest(text), ...flags };
  } catch (cause) {
    if (!(cause instanceof WireFault)) throw cause;
    return rejected(cause.message);
  }
}

function meet(need: Need, approvals: readonly Approval[], { author, signers, now }: JudgeInput): Met {
  const mayCount = (principal: string): boolean => need.author || principal !== author;
  const by = approvals.filter((each) => hasKey(need, each) && mayCount(each.principal)).map((each) => each.principal);
  const people = [...new Set(by)];
  const able = signers
    .filter((each) => whyNot(each, now) === undefined && isAble(need, each))
    .map((each) => each.principal);
  const could = [...new Set(able)].filter((each) => mayCount(each) && !people.includes(each));
  return {
    need,
    by: people,
    lacks: Math.max(0, need.people - people.length),
    authorLacks: need.author ? undefined : proofLacks(author, approvals),
    could,
  };
}

function hasKey({ key }: Need, { isTouched, isVerified }: Approval): boolean {
  if (key === "any") return true;
  return key === "touched" ? isTouched : isTouched && isVerified;
}

function isAble({ key }: Need, signer: Signer): boolean {
  return key === "any" || signer.key.application !== undefined;
}

/** The plan only says who made it. Without proof one person could name somebody else, and then approve alone. */
function proofLacks(author: string | undefined, approvals: readonly Approval[]): string | undefined {
  if (author === undefined) return "the plan's author has no key in policy/allowed_signers";
  return approvals.some((each) => each.principal === author) ? undefined : `${author}, the author, has not signed`;
}
