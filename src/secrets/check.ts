// What is wrong with a secrets file though it opens: findings of `demesne secrets check`, with or without an identity.
import { Problem } from "../lib/problem.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { decryptFile, readFile } from "./codec.ts";
import type { SecretsFile } from "./codec.ts";
import { creationFor } from "./creation-rules.ts";
import { short } from "./data-key.ts";
import { FOREIGN_KINDS, keyGroups } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import { checkRecipients, groupsOf } from "./signed-recipients.ts";
import type { Signers } from "./signed-recipients.ts";
import { unprotectedFindings } from "./unprotected.ts";
import type { Finding } from "./unprotected.ts";

export type { Finding } from "./unprotected.ts";

export type Checking = {
  /** None: the form is checked, the values cannot be. */
  readonly identities: readonly Sensitive[];
  readonly signers?: Signers | undefined;
};

/** Every finding about one file; an empty list means it is as it should be. Never throws for what is wrong in the file. */
export async function checkSecrets(file: SecretsFile, checking: Checking): Promise<readonly Finding[]> {
  try {
    const { parsed, metadata } = readFile(file);
    return [
      ...unprotectedFindings(file, parsed.branches, metadata),
      ...(await openFindings(file, checking)),
      ...(await recipientFindings(file, metadata, checking)),
      ...(await ruleFindings(file, metadata)),
    ];
  } catch (problem) {
    return [asFinding(problem)];
  }
}

async function openFindings(file: SecretsFile, { identities }: Checking): Promise<Finding[]> {
  const { path } = file;
  if (identities.length === 0) {
    const fix = "point SOPS_AGE_KEY_FILE to your identity file";
    return [{ severity: "warning", where: path, what: "its values were not checked: no age identity", fix }];
  }
  try {
    const { isSealed } = await decryptFile(file, identities);
    if (isSealed) return [];
    const what = "was written by another program: names, comments and recipients are not vouched for";
    return [
      { severity: "warning", where: path, what, fix: `look at git diff, then: demesne secrets rotate --file ${path}` },
    ];
  } catch (problem) {
    return [asFinding(problem)];
  }
}

async function recipientFindings(file: SecretsFile, metadata: Metadata, checking: Checking): Promise<Finding[]> {
  const { path } = file;
  const findings: Finding[] = [];
  const foreign = FOREIGN_KINDS.filter((kind) => keyGroups(metadata).some((group) => (group[kind] ?? []).length > 0));
  if (foreign.length > 0) {
    const what = `can also be opened with ${foreign.join(", ")} keys, which Demesne does not check`;
    findings.push({ severity: "warning", where: path, what, fix: "remove them: sops rotate -i" });
  }
  if (checking.signers === undefined) {
    const what = "its recipients are not signed: whoever can write the file can plant one";
    const fix = `demesne secrets recipients --sign --file ${path} --signing-key <file> --allowed-signers <file>`;
    return [...findings, { severity: "warning", where: path, what, fix }];
  }
  try {
    await checkRecipients(path, metadata, checking.signers);
    return findings;
  } catch (problem) {
    return [...findings, asFinding(problem)];
  }
}

async function ruleFindings({ path }: SecretsFile, metadata: Metadata): Promise<Finding[]> {
  try {
    const creation = await creationFor(path);
    if (creation === undefined) return [];
    const [wanted, found] = [creation.groups.flat(), groupsOf(metadata).flat()];
    const extra = found.filter((one) => !wanted.includes(one));
    const missing = wanted.filter((one) => !found.includes(one));
    return [
      ...extra.map((one) => difference(path, one, "can open it, but .sops.yaml does not name it", "remove")),
      ...missing.map((one) => difference(path, one, "cannot open it, though .sops.yaml names it", "add")),
    ];
  } catch (problem) {
    return [asFinding(problem)];
  }
}

function difference(path: string, recipient: string, what: string, verb: string): Finding {
  const fix = `demesne secrets recipients --${verb} ${short(recipient)} --file ${path}, or correct .sops.yaml`;
  return { severity: "error", where: path, what: `${short(recipient)} ${what}`, fix };
}

function asFinding(problem: unknown): Finding {
  if (!(problem instanceof Problem)) throw problem;
  const { where, what, fix } = problem;
  return { severity: "error", where, what, fix };
}
