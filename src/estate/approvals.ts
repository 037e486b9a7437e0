// Who must approve a plan before it is applied: a rule for each risk that a change may have. The people and their keys stand
// in policy/allowed_signers.
import * as z from "zod";
import type { Finding } from "./finding.ts";
import type { EstateFolder } from "./folder.ts";

const SIGNERS_FILE = "policy/allowed_signers";

const peopleError = { error: "should be a number of people, 0-16" };

const Rule = z.strictObject({
  people: z.int(peopleError).min(0, peopleError).max(16, peopleError).meta({
    description: "how many distinct people must approve; 0 asks for nobody",
  }),
  author: z.boolean().default(true).meta({
    description: "does who made the plan count as one of them? If not, the author signs too, to prove who it is",
  }),
  key: z.enum(["any", "touched", "verified"]).default("any").meta({
    description: "any key; a FIDO key that was touched; one that was touched and knew its user (PIN or fingerprint)",
  }),
});

export const Approvals = z
  .strictObject({
    routine: Rule.meta({ description: "changes that can be made at any time" }),
    restart: Rule.meta({ description: "a service is restarted" }),
    connectivity: Rule.meta({ description: "accounts, sshd or firewall: access could be lost" }),
    "data-loss": Rule.meta({ description: "data is removed" }),
    reboot: Rule.meta({ description: "the host must be rebooted" }),
  })
  .meta({ description: "who must approve a plan, by the risks that it holds; without it a single operator applies" });

/** The text of policy/allowed_signers, which must be there when approvals are asked for. */
export async function readSigners(
  folder: EstateFolder,
  isNeeded: boolean,
  findings: Finding[],
): Promise<string | undefined> {
  if (!(await folder.exists(SIGNERS_FILE))) {
    if (isNeeded) findings.push(missing());
    return undefined;
  }
  const text = await folder.read(SIGNERS_FILE);
  if (typeof text === "string") return text;
  findings.push(text);
  return undefined;
}

function missing(): Finding {
  const what = "is missing, and estate.yaml asks for approvals";
  const fix = `list who may approve, a line each: alice@harbour.example namespaces="demesne-plan@v1" ssh-ed25519 AAAA...`;
  return { file: SIGNERS_FILE, line: undefined, path: [], what, fix };
}
