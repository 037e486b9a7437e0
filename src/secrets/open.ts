// What the rest of Demesne sees of a secrets file: names in clear, every value Sensitive.
import { createHmac } from "node:crypto";
import { decryptFile } from "./codec.ts";
import type { SecretsFile } from "./codec.ts";
import { keyGroups } from "./metadata.ts";
import type { Node, Replacements } from "./tree.ts";
import { unprotectedFindings } from "./unprotected.ts";
import type { Finding } from "./unprotected.ts";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";

/** Maps by name, lists by position, values sealed off from printing; null where the file says null. */
export type SecretTree = { readonly [key: string]: SecretTree } | readonly SecretTree[] | Sensitive | null;

export type OpenedSecrets = {
  readonly path: string;
  /** The (first) document's tree; names are not secret, values are. */
  readonly tree: SecretTree;
  readonly recipients: readonly string[];
  /** False when another program wrote the file last: then SOPS's MAC vouches for the values, nobody for the rest. */
  readonly isSealed: boolean;
  /** The value at `a/b/0`; throws Problem when there is none. */
  get(reference: string): Sensitive;
  /**
   * What a plan may show instead of a value: HMAC-SHA256 under the file's own `digest_key`, the same as long as that key
   * is. Throws Problem when the file has no such key.
   */
  digest(value: Sensitive | string): string;
};

/** Name of the value that keys digests; rotation leaves it, so plans stay comparable. */
const DIGEST_KEY = "digest_key";

export type OpenOptions = {
  /** Refuse what can be changed unnoticed: values in clear (two can trade places), and `mac_only_encrypted`. */
  readonly isAllProtected?: boolean;
};

/**
 * Opens a secrets file. Throws Problem when no identity fits, and when anything in it is damaged, moved, missing or added;
 * it never answers with a part.
 */
export async function openSecrets(
  file: SecretsFile,
  identities: readonly Sensitive[],
  { isAllProtected = false }: OpenOptions = {},
): Promise<OpenedSecrets> {
  const { parsed, metadata, decrypted, isSealed } = await decryptFile(file, identities);
  if (isAllProtected) refuseUnprotected(unprotectedFindings(file, parsed.branches, metadata));
  const [branch = { type: "map" as const, entries: [] }] = parsed.branches;
  const tree = sensitive(branch, decrypted.values);
  const { path } = file;
  return {
    path,
    tree,
    recipients: keyGroups(metadata).flatMap((group) => (group.age ?? []).map((key) => key.recipient)),
    isSealed,
    get: (reference) => valueAt(tree, reference, path),
    digest: (value) => keyedDigest(valueAt(tree, DIGEST_KEY, path), value),
  };
}

function refuseUnprotected(findings: readonly Finding[]): void {
  const [first, ...others] = findings.filter(({ severity }) => severity === "error");
  if (first === undefined) return;
  const { where, what, fix } = first;
  const more = others.length === 0 ? "" : ` (and ${others.length} more: demesne secrets check)`;
  throw new Problem({ code: "secret", where, what: `${what}${more}`, fix });
}

/** `hmac-sha256:` and 64 hex digits. */
function keyedDigest(key: Sensitive, value: Sensitive | string): string {
  const text = typeof value === "string" ? value : value.unwrap();
  return `hmac-sha256:${createHmac("sha256", key.unwrap()).update(text, "utf8").digest("hex")}`;
}

function sensitive(node: Node, values: Replacements): SecretTree {
  if (node.type === "leaf") {
    const value = values.get(node) ?? node;
    if (value.type === "comment" || value.kind === "null") return null;
    return new Sensitive(value.kind === "bool" ? value.text.toLowerCase() : value.text);
  }
  if (node.type === "list") {
    const items = node.items.filter((item): item is Node => {
      return item.type !== "comment" && (item.type !== "leaf" || values.get(item)?.type !== "comment");
    });
    return items.map((item) => sensitive(item, values));
  }
  // Without a prototype: a key named `constructor` is a key and nothing else.
  const tree: Record<string, SecretTree> = Object.create(null);
  for (const entry of node.entries) if (entry.type === "entry") tree[entry.key] = sensitive(entry.node, values);
  return tree;
}

function valueAt(tree: SecretTree, reference: string, path: string): Sensitive {
  let here: SecretTree | undefined = tree;
  for (const step of reference.split("/")) here = child(here, step);
  if (here instanceof Sensitive) return here;
  throw new Problem({
    code: "secret",
    where: `${path} ${reference}`,
    what: here === undefined || here === null ? "is not in the file" : "is a map or a list, should be a value",
    fix: `demesne secrets set ${reference} --file ${path}${reference === DIGEST_KEY ? " --random 32" : ""}`,
  });
}

function child(tree: SecretTree | undefined, step: string): SecretTree | undefined {
  if (tree === undefined || tree === null || tree instanceof Sensitive) return undefined;
  if (isList(tree)) return /^\d+$/.test(step) ? tree[Number(step)] : undefined;
  return tree[step];
}

/** `Array.isArray` does not narrow a readonly list. */
function isList(tree: SecretTree): tree is readonly SecretTree[] {
  return Array.isArray(tree);
}
