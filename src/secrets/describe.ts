// What a secrets file says of itself without any key: its names, who can open it, what in it is encrypted.
import { readFile } from "./codec.ts";
import type { SecretsFile } from "./codec.ts";
import { ruleOf } from "./rule.ts";
import type { Rule } from "./rule.ts";
import { groupsOf } from "./signed-recipients.ts";
import type { Groups } from "./signed-recipients.ts";
import { namesOf } from "./tree.ts";

export type Described = {
  readonly names: readonly string[];
  readonly recipients: Groups;
  readonly rule: Rule;
  readonly lastModified: string;
};

/** Throws Problem when the file cannot be read as a SOPS file. Nothing of it is checked: that needs an identity. */
export function describeSecrets(file: SecretsFile): Described {
  const { parsed, metadata } = readFile(file);
  return {
    names: namesOf(parsed.branches),
    recipients: groupsOf(metadata),
    rule: ruleOf(metadata, file.path),
    lastModified: metadata.lastmodified,
  };
}
