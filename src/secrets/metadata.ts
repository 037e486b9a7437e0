// The `sops` part of a file. Strict: an unknown member is refused, so that damage to a name cannot pass for absence.
import { z } from "zod";
import { Problem } from "../lib/problem.ts";

const AgeKey = z.strictObject({
  recipient: z.string().min(1).meta({ description: "age recipient that can open the data key" }),
  enc: z.string().min(1).meta({ description: "armored age file holding the data key" }),
});
/** Keys of kinds Demesne does not open (PGP, cloud KMS): carried along untouched. */
const ForeignKeys = z.array(z.record(z.string(), z.unknown())).nullish();
const foreign = {
  pgp: ForeignKeys.meta({ description: "PGP keys, kept as they are" }),
  kms: ForeignKeys.meta({ description: "AWS KMS keys, kept as they are" }),
  gcp_kms: ForeignKeys.meta({ description: "GCP KMS keys, kept as they are" }),
  hckms: ForeignKeys.meta({ description: "Huawei Cloud KMS keys, kept as they are" }),
  azure_kv: ForeignKeys.meta({ description: "Azure Key Vault keys, kept as they are" }),
  hc_vault: ForeignKeys.meta({ description: "Vault keys, kept as they are" }),
};
export const FOREIGN_KINDS = ["pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"] as const;

const KeyGroup = z.strictObject({
  age: z.array(AgeKey).nullish().meta({ description: "age recipients of this group" }),
  ...foreign,
});
const Rule = z.string().optional().meta({ description: "which values are encrypted; at most one of the six" });

export const Metadata = z.strictObject({
  age: z.array(AgeKey).nullish().meta({ description: "age recipients, when there is one key group" }),
  ...foreign,
  key_groups: z.array(KeyGroup).nullish().meta({ description: "several groups; the data key is split among them" }),
  shamir_threshold: z.int().min(0).max(255).optional().meta({ description: "groups needed to open the file" }),
  lastmodified: z.string().meta({ description: "RFC 3339 time of the last write; the MAC is bound to it" }),
  mac: z.string().meta({ description: "encrypted SHA-512 of all values" }),
  unencrypted_suffix: Rule,
  encrypted_suffix: Rule,
  unencrypted_regex: Rule,
  encrypted_regex: Rule,
  unencrypted_comment_regex: Rule,
  encrypted_comment_regex: Rule,
  mac_only_encrypted: z.boolean().optional().meta({ description: "the MAC covers encrypted values only" }),
  version: z.string().meta({ description: "SOPS version that wrote the file" }),
  demesne: z
    .strictObject({
      seal: z.string().meta({ description: "HMAC over the whole file, keyed from the data key" }),
      recipients_revision: z.int().min(0).optional().meta({ description: "lowest signed recipient list to accept" }),
    })
    .optional()
    .meta({ description: "what Demesne adds; other programs ignore it" }),
});
export type Metadata = z.infer<typeof Metadata>;
export type AgeKey = z.infer<typeof AgeKey>;
export type KeyGroup = z.infer<typeof KeyGroup>;

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Reads the `sops` member of a parsed file; throws Problem on anything it does not know. */
export function parseMetadata(raw: unknown, where: string): Metadata {
  const parsed = Metadata.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue === undefined ? "" : ` ${["sops", ...issue.path].join("/")}: ${issue.message.toLowerCase()}`;
    throw bad(where, `metadata is not what SOPS writes:${at}`);
  }
  const metadata = parsed.data;
  if (metadata.mac === "") throw bad(where, "has no MAC, so nobody can tell whether it was changed");
  if (!RFC3339.test(metadata.lastmodified)) throw bad(where, "sops/lastmodified should be an RFC 3339 time");
  const major = /^(\d+)\.\d+\.\d+/.exec(metadata.version)?.[1];
  if (major !== "3") {
    throw new Problem({
      code: "secret",
      where,
      what: `was written by SOPS ${JSON.stringify(metadata.version)}, should be 3.x`,
      fix: "write it once with SOPS 3 (sops rotate -i), or update Demesne if SOPS 4 exists by now",
    });
  }
  return metadata;
}

/** The AAD of the MAC: the time the way Go prints it back (no fraction, UTC as Z). */
export function macAad(metadata: Pick<Metadata, "lastmodified">): string {
  const [, seconds = "", zone = ""] = RFC3339.exec(metadata.lastmodified) ?? [];
  return `${seconds}${zone === "+00:00" ? "Z" : zone}`;
}

/** The key groups, whether written flat (one) or as a list. */
export function keyGroups(metadata: Metadata): readonly KeyGroup[] {
  const { age, pgp, kms, gcp_kms, hckms, azure_kv, hc_vault } = metadata;
  const flat = { age, pgp, kms, gcp_kms, hckms, azure_kv, hc_vault };
  const isFlat = Object.values(flat).some((keys) => (keys ?? []).length > 0);
  return isFlat ? [flat] : (metadata.key_groups ?? []);
}

function bad(where: string, what: string): Problem {
  return new Problem({
    code: "secret",
    where,
    what,
    fix: "take the file from the last good commit, or ask who changed it: git log -p -- <file>",
  });
}
