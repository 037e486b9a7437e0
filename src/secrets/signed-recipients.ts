// The recipients of a file, signed beside it. SOPS does not authenticate its list: whoever can write the file can plant a
// recipient, who then gets the data key at the next write. A signed list makes the next write refuse.
import { basename } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../lib/canonical-json.ts";
import { Problem } from "../lib/problem.ts";
import { short } from "./data-key.ts";
import { keyGroups } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import { sign, signerOf } from "./ssh-signature.ts";
import { readWhole, writeWhole } from "./whole-file.ts";

const NAMESPACE = "demesne-recipients@v1";

const SignedRecipients = z.strictObject({
  format: z.literal(1).meta({ description: "version of this file's format" }),
  file: z.string().meta({ description: "name of the secrets file the list is for" }),
  revision: z.int().min(1).meta({ description: "grows by one with each change, so that an older list is refused" }),
  groups: z.array(z.array(z.string())).meta({ description: "recipients of each key group, sorted" }),
});
type SignedRecipients = z.infer<typeof SignedRecipients>;

/** How signatures are used here: the allowed signers file, and for signing a key. */
export type Signers = {
  readonly allowedSigners: string;
  readonly signingKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Groups = readonly (readonly string[])[];

export function groupsOf(metadata: Metadata): Groups {
  return keyGroups(metadata).map((group) => (group.age ?? []).map(({ recipient }) => recipient));
}

/** Reads and checks the list beside `path`; throws Problem when it is missing, not signed by an allowed signer, or older. */
export async function checkRecipients(
  path: string,
  metadata: Metadata,
  signers: Signers,
): Promise<{ revision: number }> {
  const list = await readSigned(path, signers);
  const least = metadata.demesne?.recipients_revision ?? 0;
  if (list.revision < least) {
    throw refused(
      listPath(path),
      `is revision ${list.revision}, should be at least ${least}: an older list was put back`,
    );
  }
  const difference = differenceOf(list.groups, groupsOf(metadata));
  if (difference === undefined) return { revision: list.revision };
  throw refused(path, `${difference} without an allowed signer's word`);
}

/** Signs the list of `groups` for `path` and writes it; answers with its revision. */
export async function signRecipients(
  path: string,
  groups: Groups,
  signers: Signers & { signingKey: string },
): Promise<number> {
  const listFile = listPath(path);
  const before = await readWhole(listFile);
  const signatureBefore = await readWhole(`${listFile}.sig`);
  const revision = before === undefined ? 1 : revisionIn(before) + 1;
  const list: SignedRecipients = { format: 1, file: basename(path), revision, groups: normal(groups) };
  const text = `${canonicalJson(list)}\n`;
  const signing = { namespace: NAMESPACE, signal: signers.signal };
  const signature = await sign(text, signers.signingKey, signing);
  if ((await signerOf(text, signature, signers.allowedSigners, signing)) === undefined) {
    throw refused(signers.signingKey, `is not the key of an allowed signer in ${signers.allowedSigners}`);
  }
  await writeWhole(listFile, text, before);
  await writeWhole(`${listFile}.sig`, signature, signatureBefore);
  return revision;
}

function listPath(path: string): string {
  return `${path}.recipients.json`;
}

async function readSigned(path: string, signers: Signers): Promise<SignedRecipients> {
  const listFile = listPath(path);
  const [text, signature] = [await readWhole(listFile), await readWhole(`${listFile}.sig`)];
  if (text === undefined || signature === undefined) throw refused(listFile, "is missing, or its signature .sig is");
  const signing = { namespace: NAMESPACE, signal: signers.signal };
  if ((await signerOf(text, signature, signers.allowedSigners, signing)) === undefined) {
    throw refused(listFile, "is not signed by an allowed signer");
  }
  const list = parse(text);
  if (list === undefined) throw refused(listFile, "is not a list of recipients");
  if (list.file === basename(path)) return list;
  throw refused(listFile, `is the list of ${list.file}`);
}

function parse(text: string): SignedRecipients | undefined {
  try {
    return SignedRecipients.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** An unreadable list has no revision to go on from; its signature is replaced anyway. */
function revisionIn(text: string): number {
  return parse(text)?.revision ?? 0;
}

function normal(groups: Groups): string[][] {
  return groups.map((group) => [...new Set(group)].sort());
}

function differenceOf(signed: Groups, found: Groups): string | undefined {
  if (canonicalJson(normal(signed)) === canonicalJson(normal(found))) return undefined;
  const [before, after] = [new Set(signed.flat()), new Set(found.flat())];
  const added = [...after].filter((one) => !before.has(one)).map(short);
  const removed = [...before].filter((one) => !after.has(one)).map(short);
  if (added.length > 0) return `has the recipient ${added.join(", ")} added`;
  return removed.length > 0 ? `has the recipient ${removed.join(", ")} taken away` : "has other key groups";
}

function refused(where: string, what: string): Problem {
  return new Problem({
    code: "refused",
    where,
    what,
    fix: "compare the recipients with the last reviewed commit, then: demesne secrets recipients --sign --file <file>",
  });
}
