// What of a secrets file can be changed though it opens: values in clear, and a MAC that leaves them out.
import { looksSealed } from "./cipher.ts";
import type { SecretsFile } from "./codec.ts";
import type { Metadata } from "./metadata.ts";
import { matcher, ruleOf } from "./rule.ts";
import { walk } from "./tree.ts";
import type { Branch } from "./tree.ts";

export type Finding = {
  readonly severity: "error" | "warning";
  readonly where: string;
  readonly what: string;
  readonly fix: string;
};

/** Told without any key. A comment in clear is a warning, all else an error. */
export function unprotectedFindings(file: SecretsFile, branches: readonly Branch[], metadata: Metadata): Finding[] {
  return [...macFindings(file, metadata), ...clearFindings(file, branches, metadata)];
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
