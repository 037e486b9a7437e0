// What is wrong with a secrets file though it opens: findings of `demesne secrets check`, with or without an identity.
import { Problem } from "../lib/problem.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { looksSealed } from "./cipher.ts";
import { decryptFile, readFile } from "./codec.ts";
import type { SecretsFile } from "./codec.ts";
import { creationFor } from "./creation-rules.ts";
import { short } from "./data-key.ts";
import { FOREIGN_KINDS, keyGroups } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import { matcher, ruleOf } from "./rule.ts";
import { checkRecipients, groupsOf } from "./signed-recipients.ts";
import type { Signers } from "./signed-recipients.ts";
import { walk } from "./tree.ts";
import type { Branch } from "./tree.ts";

export type Finding = {
  readonly severity: "error" | "warning";
  readonly where: string;
  readonly what: string;
  readonly fix: string;
};

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
      ...macFindings(file, metadata),
      ...clearFindings(file, parsed.branches, metadata),
      ...(await openFindings(file, checking)),
      ...(await recipientFindings(file, metadata, checking)),
      ...(await ruleFindings(file, metadata)),
    ];
  } catch (problem) {
    return [asFinding(problem)];
  }
}

function macFindings({ path }: SecretsFile, metadata: Metadata): Finding[] {
  if (metadata.mac_only_encrypted !== true) return [];
  const what = "has mac_only_encrypted set: values in clear can be changed without notice";
  return [{ severity: "error", where: path, what, fix: `demesne secrets rotate --file ${path}` }];
}

/** Values in clear: the MAC covers them, but not their names, so two can trade places. */
function clearFindings({ path }: SecretsFile, branches: readonly Branch[], metadata: Metadata): Finding[] {
  const findings: Finding[] = [];
  const isEncrypted = matcher(ruleOf(metadata, path), path);
  walk(branches, (slot, place) => {
    if (slot.text === "" || looksSealed(slot.text)) return;
    if (slot.type === "comment") {
      if (isEncrypted(place, true)) findings.push(clearComment(path));
      return;
    }
    const where = `${path} ${place.path.join("/")}`;
    const why = isEncrypted(place, false) ? "though the rule asks for encryption" : "by the file's rule";
    const fix = "move it to a file without secrets, or change the rule in .sops.yaml and make the file anew";
    findings.push({ severity: "error", where, what: `stands in clear ${why}`, fix });
  });
  return findings;
}

/** Its text is not told: it may be an old value. */
function clearComment(path: string): Finding {
  const what = "holds a comment in clear, though the rule asks for encryption";
  return { severity: "warning", where: path, what, fix: `demesne secrets rotate --file ${path}` };
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
