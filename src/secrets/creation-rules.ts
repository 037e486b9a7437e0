// .sops.yaml: who a new file is encrypted to and what in it, by the file's path. The same file the sops program reads.
import { dirname, join, relative, resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { checkRecipient } from "./data-key.ts";
import { goRegExp, ruleOf } from "./rule.ts";
import type { Rule } from "./rule.ts";
import { plainData } from "./yaml-read.ts";
import { readWhole } from "./whole-file.ts";

const CONFIG = ".sops.yaml";

const Recipients = z.union([z.string(), z.array(z.string())]).optional();
const Other = z.unknown().optional();
type KeyGroup = { age?: string[] | undefined; merge?: KeyGroup[] | undefined; [other: string]: unknown };
const KeyGroup: z.ZodType<KeyGroup> = z.looseObject({
  age: z.array(z.string()).optional().meta({ description: "age recipients of this group" }),
  merge: z
    .array(z.lazy(() => KeyGroup))
    .optional()
    .meta({ description: "groups whose keys belong to this one too" }),
});
const Pattern = z.string().optional().meta({ description: "which values are encrypted; at most one of the six" });

const CreationRule = z.strictObject({
  path_regex: z.string().optional().meta({ description: "files this rule is for, relative to .sops.yaml" }),
  age: Recipients.meta({ description: "age recipients, a list or separated by commas" }),
  key_groups: z.array(KeyGroup).optional().meta({ description: "groups among which the data key is split" }),
  shamir_threshold: z.int().min(0).max(255).optional().meta({ description: "groups needed to open a file" }),
  unencrypted_suffix: Pattern,
  encrypted_suffix: Pattern,
  unencrypted_regex: Pattern,
  encrypted_regex: Pattern,
  unencrypted_comment_regex: Pattern,
  encrypted_comment_regex: Pattern,
  mac_only_encrypted: z.boolean().optional().meta({ description: "refused: it leaves clear values unprotected" }),
  pgp: Other.meta({ description: "not written by Demesne" }),
  kms: Other.meta({ description: "not written by Demesne" }),
  aws_profile: Other.meta({ description: "not used by Demesne" }),
  gcp_kms: Other.meta({ description: "not written by Demesne" }),
  hckms: Other.meta({ description: "not written by Demesne" }),
  azure_keyvault: Other.meta({ description: "not written by Demesne" }),
  hc_vault_transit_uri: Other.meta({ description: "not written by Demesne" }),
});
type CreationRule = z.infer<typeof CreationRule>;

const Config = z.strictObject({
  creation_rules: z.array(CreationRule).optional().meta({ description: "the first rule that fits a path counts" }),
  destination_rules: Other.meta({ description: "not used by Demesne" }),
  stores: Other.meta({ description: "indentation of the sops program; Demesne keeps a file's own" }),
});

/** What a new file gets. */
export type Creation = {
  readonly groups: readonly (readonly string[])[];
  readonly threshold: number;
  readonly rule: Rule;
};

/** The rule for a path from the nearest .sops.yaml above it; undefined when there is none. Throws Problem on a bad one. */
export async function creationFor(path: string): Promise<Creation | undefined> {
  const file = resolve(path);
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const config = join(folder, CONFIG);
    const text = await readWhole(config);
    if (text !== undefined) return creationFrom(text, config, relative(folder, file));
    if (folder === dirname(folder)) return undefined;
  }
}

/** The rule for a path (relative to the config) from a config's text. */
function creationFrom(text: string, where: string, path: string): Creation | undefined {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw bad(where, `is not YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`);
  const parsed = Config.safeParse(plainData(() => document.toJS({ maxAliasCount: 100 }), where) ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(
      `${where} ${(issue?.path ?? []).join("/")}`,
      (issue?.message ?? "is not a sops configuration").toLowerCase(),
    );
  }
  const rules = parsed.data.creation_rules;
  if (rules === undefined) return undefined;
  const index = rules.findIndex((rule) => fits(rule, path, where));
  const rule = rules[index];
  if (rule === undefined) throw bad(where, `has no creation rule for ${path}`);
  return creationOf(rule, `${where} creation_rules/${index}`);
}

function fits(rule: CreationRule, path: string, where: string): boolean {
  const pattern = rule.path_regex ?? "";
  return pattern === "" || goRegExp(pattern, where).test(path);
}

function creationOf(rule: CreationRule, where: string): Creation {
  const others = ["pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"] as const;
  const other = others.find((kind) => rule[kind] !== undefined && rule[kind] !== "");
  if (other !== undefined) throw bad(where, `names ${other} keys: Demesne encrypts to age recipients only`);
  if (rule.mac_only_encrypted === true)
    throw bad(where, "sets mac_only_encrypted, which leaves clear values unprotected");
  const groups = rule.key_groups?.map((group) => recipientsOf(group, where)) ?? [listOf(rule.age)];
  for (const recipient of groups.flat()) checkRecipient(recipient);
  if (groups.some((group) => group.length === 0)) throw bad(where, "names no age recipient, or an empty key group");
  const threshold = rule.shamir_threshold ?? 0;
  if (threshold > groups.length || threshold === 1) {
    throw bad(
      where,
      `asks for ${threshold} of ${groups.length} key groups; should be 2 to ${groups.length}, or 0 for all`,
    );
  }
  return { groups, threshold, rule: ruleOf(rule, where) };
}

function recipientsOf(group: KeyGroup, where: string): string[] {
  const other = Object.keys(group).find((key) => key !== "age" && key !== "merge");
  if (other !== undefined) throw bad(where, `names ${other} keys: Demesne encrypts to age recipients only`);
  const merged = (group.merge ?? []).flatMap((one) => recipientsOf(one, where));
  return [...new Set([...merged, ...(group.age ?? []).flatMap(listOf)])];
}

function listOf(recipients: string | readonly string[] | undefined): string[] {
  const parts = typeof recipients === "string" ? recipients.split(",") : (recipients ?? []);
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ""))];
}

function bad(where: string, what: string): Problem {
  return new Problem({ code: "secret", where, what, fix: "correct .sops.yaml; docs/secrets.md shows one" });
}
