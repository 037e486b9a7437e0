// One secrets file, whole: text <-> plain text. Decrypting checks seal, MAC and every value; encrypting writes all three.
import type { Clock, Random } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { formatOf, MAX_FILE_BYTES, tooLarge } from "./formats.ts";
import type { ParsedFile } from "./formats.ts";
import { unwrapDataKey } from "./data-key.ts";
import { decryptTree } from "./decrypt.ts";
import type { Decrypted, IvStash } from "./decrypt.ts";
import { encryptTree } from "./encrypt.ts";
import { parseMetadata } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import type { Rule } from "./rule.ts";
import { checkSeal, sealOf, UNSEALED } from "./seal.ts";

/** A file that has been read: `path` gives the format and is what messages name. */
export type SecretsFile = { readonly path: string; readonly text: string };

export type OpenedFile = {
  readonly parsed: ParsedFile;
  readonly metadata: Metadata;
  readonly dataKey: Uint8Array;
  readonly decrypted: Decrypted;
  /** Whether Demesne wrote it last, so that every byte is vouched for. */
  readonly isSealed: boolean;
};

/** Version written into files: the SOPS release whose format this is. */
const SOPS_VERSION = "3.13.3";

/** Parses a file and its metadata, without any key. */
export function readFile(file: SecretsFile): { parsed: ParsedFile; metadata: Metadata } {
  if (Buffer.byteLength(file.text) > MAX_FILE_BYTES) {
    throw tooLarge(file.path, `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  }
  const parsed = formatOf(file.path).parse(file.text, file.path);
  if (parsed.metadata === undefined) {
    throw new Problem({
      code: "secret",
      where: file.path,
      what: "is not encrypted: it has no sops metadata",
      fix: `move it away, make it anew (demesne secrets edit --file ${file.path}), replace what was ever committed`,
    });
  }
  return { parsed, metadata: parseMetadata(parsed.metadata, file.path) };
}

/** Opens a file whole or throws Problem; nothing is answered from a file that is not right in every part. */
export async function decryptFile(
  file: SecretsFile,
  identities: readonly Sensitive[],
  options: { readonly isSealIgnored?: boolean } = {},
): Promise<OpenedFile> {
  const { parsed, metadata } = readFile(file);
  const dataKey = await unwrapDataKey(metadata, identities, file.path);
  const { demesne: _, ...unsealed } = metadata;
  return decryptWith(file, parsed, options.isSealIgnored === true ? unsealed : metadata, dataKey);
}

export function decryptWith(
  file: SecretsFile,
  parsed: ParsedFile,
  metadata: Metadata,
  dataKey: Uint8Array,
): OpenedFile {
  const seal = metadata.demesne?.seal;
  if (seal !== undefined) checkSeal(file.text, seal, dataKey, file.path);
  const decrypted = decryptTree(parsed.branches, metadata, dataKey, file.path);
  return { parsed, metadata, dataKey, decrypted, isSealed: seal !== undefined };
}

/** The plain text of an opened file: a secret as a whole. */
export function plainText(opened: OpenedFile): string {
  return opened.parsed.render(opened.decrypted.values, undefined);
}

export type KeyMembers = Pick<Metadata, "age" | "pgp" | "kms" | "gcp_kms" | "hckms" | "azure_kv" | "hc_vault"> &
  Pick<Metadata, "key_groups" | "shamir_threshold">;

export type EncryptFile = {
  readonly path: string;
  readonly plain: string;
  readonly dataKey: Uint8Array;
  /** The wrapped data key, in the form it has in the metadata. */
  readonly keys: KeyMembers;
  readonly rule: Rule;
  readonly ivs: IvStash;
  readonly recipientsRevision?: number | undefined;
};

/** The text of the encrypted file, sealed. Throws Problem when the plain text cannot be read. */
export function encryptFile(input: EncryptFile, effects: { clock: Clock; random: Random }): string {
  const { path, dataKey, rule } = input;
  const text = input.plain.replaceAll("\r\n", "\n");
  const parsed = formatOf(path).parse(text, path);
  if (parsed.metadata !== undefined) {
    throw new Problem({
      code: "secret",
      where: path,
      what: "is encrypted already",
      fix: `demesne secrets edit --file ${path}`,
    });
  }
  const lastModified = `${new Date(effects.clock.now()).toISOString().slice(0, 19)}Z`;
  const { slots, mac } = encryptTree(parsed.branches, {
    dataKey,
    rule,
    lastModified,
    ivs: input.ivs,
    random: effects.random,
    where: path,
  });
  const seal = { seal: UNSEALED, recipients_revision: input.recipientsRevision };
  const metadata = { ...input.keys, demesne: seal, lastmodified: lastModified, mac, [rule.mode]: rule.value };
  const unsealed = parsed.render(slots, sorted({ ...metadata, version: SOPS_VERSION }));
  return unsealed.replaceAll(UNSEALED, () => sealOf(unsealed, dataKey));
}

/** Members in SOPS's order, those without a value left out. */
function sorted(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const members = Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
