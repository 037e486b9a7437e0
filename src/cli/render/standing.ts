// How a plan stands with its approvals: who has approved, what is missing, who could give it, and how to check it by hand.
import { NAMESPACE, type Standing } from "../../approval/index.ts";
import { shellQuote } from "../../host/index.ts";
import type { painter } from "./paint.ts";

type Met = Standing["met"][number];

export type StandingInput = {
  readonly standing: Standing;
  /** The plan's file as the operator named it, and the folder of its approvals relative to the estate. */
  readonly file: string;
  readonly folder: string;
  readonly paint: ReturnType<typeof painter>;
};

export function renderStanding({ standing, file, folder, paint }: StandingInput): string {
  const { approvals, rejected, met, isApproved } = standing;
  const [first] = approvals;
  return [
    paint("bold", "Approvals"),
    ...approvals.map(
      ({ principal, fingerprint, ...flags }) =>
        `  ${paint("green", "+")} ${principal}  ${fingerprint}${presence(flags)}`,
    ),
    ...rejected.map(({ name, why }) => `  ${paint("red", "!")} ${plainly(name)} ${why}`),
    ...(approvals.length + rejected.length === 0 ? ["  none yet"] : []),
    "",
    ...met.map(
      (each) => `  ${each.need.risk}: ${isMet(each) ? paint("green", "approved") : paint("yellow", lacking(each))}`,
    ),
    ...(met.length === 0 ? ["  the estate asks for nobody's approval of what this plan holds"] : []),
    isApproved ? "  it may be applied" : `  to approve it: demesne approve ${shellQuote([file])}`,
    ...(first === undefined
      ? []
      : ["", "By hand, in the estate's folder:", `  ${verifyCommand(first.principal, folder, file)}`]),
    "",
  ].join("\n");
}

/** Everything that is missing, in one line. */
export function missingInWords({ met, rejected }: Standing): string {
  const missing = met.filter((each) => !isMet(each)).map((each) => `${each.need.risk}: ${lacking(each)}`);
  const not = rejected.map(({ name, why }) => `${plainly(name)} ${why}`);
  return [...missing, ...not].join("; ");
}

function isMet({ lacks, authorLacks }: Met): boolean {
  return lacks === 0 && authorLacks === undefined;
}

function lacking({ need, by, lacks, authorLacks, could }: Met): string {
  const besides = need.author ? "" : " besides the author";
  const key =
    need.key === "any"
      ? ""
      : ` with a FIDO key that is ${need.key === "touched" ? "touched" : "touched and knows its user"}`;
  const who = lacks === 0 ? [] : [could.length === 0 ? "nobody on the list could" : `could be ${could.join(", ")}`];
  return [
    ...(lacks > 0
      ? [`${lacks} of ${need.people} ${need.people === 1 ? "person" : "people"}${besides}${key} missing`]
      : []),
    ...(by.length > 0 ? [`approved by ${by.join(", ")}`] : []),
    ...who,
    ...(authorLacks === undefined ? [] : [authorLacks]),
  ].join(", ");
}

function presence({ isTouched, isVerified }: { readonly isTouched: boolean; readonly isVerified: boolean }): string {
  if (!isTouched) return "";
  return isVerified ? "  touched, and knew its user" : "  touched";
}

function verifyCommand(principal: string, folder: string, file: string): string {
  const who = `-f policy/allowed_signers -I ${principal} -n ${NAMESPACE}`;
  return `ssh-keygen -Y verify ${who} -s ${folder}/${principal}.sig < ${shellQuote([file])}`;
}

/** Names of files may be anything. */
function plainly(name: string): string {
  return name.replaceAll(/[^\u0020-\u007e]/g, "?");
}
