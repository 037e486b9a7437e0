// Changes to a secrets file: always open, check, change, encrypt, prove, replace; never a partial file.
import { randomBytes } from "node:crypto";
import type { Clock, Random } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { decryptFile, decryptWith, encryptFile, plainText, readFile } from "./codec.ts";
import type { KeyMembers, OpenedFile } from "./codec.ts";
import { creationFor } from "./creation-rules.ts";
import type { Creation } from "./creation-rules.ts";
import { isWellFormed } from "./decrypt.ts";
import { refuseForeign, wrapDataKey } from "./data-key.ts";
import { formatOf } from "./formats.ts";
import type { Step } from "./formats.ts";
import { DEFAULT_RULE, ruleOf } from "./rule.ts";
import { checkRecipients, groupsOf, signRecipients } from "./signed-recipients.ts";
import type { Groups, Signers } from "./signed-recipients.ts";
import { leaf, namesOf, walk } from "./tree.ts";
import type { Leaf, LeafKind } from "./tree.ts";
import { readWhole, writeWhole } from "./whole-file.ts";

export type Effects = { readonly clock: Clock; readonly random: Random };

/** Who works on which file. `signers` is there when the estate has allowed signers: then the recipients must be signed. */
export type Desk = {
  readonly path: string;
  readonly identities: readonly Sensitive[];
  readonly signers?: Signers | undefined;
};

export type Change =
  | { readonly kind: "set"; readonly at: readonly Step[]; readonly value: Sensitive; readonly type: LeafKind }
  | { readonly kind: "text"; readonly text: Sensitive }
  /** Signs the recipients as they are: an allowed signer has looked at them. */
  | { readonly kind: "sign" }
  | { readonly kind: "rotate"; readonly isReseal?: boolean }
  | { readonly kind: "recipients"; readonly add: readonly string[]; readonly remove: readonly string[] };

export type Changed = {
  readonly recipients: Groups;
  /** Names of values that a removed recipient has read: they must be replaced at their source. */
  readonly toReplace: readonly string[];
};

/** Makes one change to an existing file. Throws Problem and leaves the file as it was when anything is not right. */
export async function changeSecrets(effects: Effects, desk: Desk, change: Change): Promise<Changed> {
  const { path } = desk;
  const before = await mustRead(path);
  const opened = await decryptFile({ path, text: before }, desk.identities, {
    isSealIgnored: change.kind === "rotate" && change.isReseal === true,
  });
  const known =
    change.kind === "sign" ? await signedAnew(desk, groupsOf(opened.metadata)) : await knownRecipients(desk, opened);
  const next = await nextOf(effects, opened, change, path);
  const groups = next.groups ?? groupsOf(opened.metadata);
  const recipientsRevision = next.groups === undefined ? known : await resign(desk, groups);
  const rule = ruleOf(opened.metadata, path);
  const text = encryptFile({ path, rule, recipientsRevision, ...next }, effects);
  prove(path, text, next.plain, next.dataKey);
  await writeWhole(path, text, before);
  const isRemoval = change.kind === "recipients" && change.remove.length > 0;
  return { recipients: groups, toReplace: isRemoval ? namesOf(opened.parsed.branches) : [] };
}

/** What a new file begins with. */
export type Beginning = Extract<Change, { kind: "text" | "set" }>;
/** Who may read a new file; without a rule, everything in it is encrypted that does not say `_unencrypted`. */
export type NewFile = Pick<Creation, "groups"> & Partial<Creation>;

/** Encrypts a new file by the nearest .sops.yaml, or as given. Throws Problem when it is there already. */
export async function createSecrets(
  effects: Effects,
  desk: Desk,
  beginning: Beginning,
  given?: NewFile,
): Promise<Changed> {
  const { path } = desk;
  const creation = given ?? (await creationFor(path));
  if (creation === undefined) throw noRule(path);
  if ((await readWhole(path)) !== undefined) {
    const fix = `demesne secrets edit --file ${path}`;
    throw new Problem({ code: "refused", where: path, what: "is there already", fix });
  }
  const { groups, threshold = 0, rule = DEFAULT_RULE } = creation;
  const plain = beginning.kind === "text" ? beginning.text.unwrap() : withValue("", beginning, path);
  const { dataKey, keys } = await freshKeys(effects, groups, threshold);
  const recipientsRevision = await resign(desk, groups);
  const text = encryptFile({ path, plain, dataKey, keys, rule, ivs: new Map(), recipientsRevision }, effects);
  prove(path, text, plain, dataKey);
  await writeWhole(path, text, undefined);
  return { recipients: groups, toReplace: [] };
}

function withValue(plain: string, { at, value, type }: Extract<Change, { kind: "set" }>, path: string): string {
  return formatOf(path).set(plain, at, typedLeaf(type, value, `${path} ${at.join("/")}`), path);
}

type Next = Pick<Parameters<typeof encryptFile>[0], "plain" | "dataKey" | "keys" | "ivs"> & { groups?: Groups };

async function nextOf(effects: Effects, opened: OpenedFile, change: Change, path: string): Promise<Next> {
  const plain = plainText(opened);
  const same = { dataKey: opened.dataKey, keys: keysOf(opened), ivs: opened.decrypted.ivs };
  switch (change.kind) {
    case "set":
      return { ...same, plain: withValue(plain, change, path) };
    case "text":
      return { ...same, plain: change.text.unwrap() };
    case "sign":
      return { ...same, plain };
    case "rotate":
      return { plain, ...(await rotated(effects, opened, groupsOf(opened.metadata), path)) };
    default: {
      const groups = changedGroups(groupsOf(opened.metadata), change.add, change.remove, path);
      return { plain, groups, ...(await rotated(effects, opened, groups, path)) };
    }
  }
}

/** A value of the type asked for; throws Problem without showing it when it does not read as one. */
function typedLeaf(type: LeafKind, value: Sensitive, where: string): Leaf {
  const text = type === "bool" ? value.unwrap().replace(/^[tf]/, (first) => first.toUpperCase()) : value.unwrap();
  if (type === "null" || isWellFormed(type, text)) return leaf(type, type === "null" ? "" : text);
  throw new Problem({
    code: "usage",
    where,
    what: `should read as ${type}, does not`,
    fix: "leave --type out for text",
  });
}

async function rotated(
  effects: Effects,
  { metadata }: OpenedFile,
  groups: Groups,
  path: string,
): Promise<Pick<Next, "dataKey" | "keys" | "ivs">> {
  refuseForeign(metadata, path);
  // A new data key never meets an old IV: nothing is carried over.
  return { ...(await freshKeys(effects, groups, metadata.shamir_threshold ?? 0)), ivs: new Map() };
}

async function freshKeys(
  { random }: Effects,
  groups: Groups,
  threshold: number,
): Promise<{ dataKey: Uint8Array; keys: KeyMembers }> {
  const dataKey = random.bytes(32);
  const wrapped = await wrapDataKey(dataKey, groups, threshold, (size) => random.bytes(size));
  const [only = []] = wrapped;
  if (wrapped.length === 1) return { dataKey, keys: { age: [...only] } };
  const key_groups = wrapped.map((age) => ({ age: [...age] }));
  return { dataKey, keys: { key_groups, shamir_threshold: threshold || groups.length } };
}

function keysOf({ metadata }: OpenedFile): KeyMembers {
  const { age, pgp, kms, gcp_kms, hckms, azure_kv, hc_vault, key_groups, shamir_threshold } = metadata;
  return { age, pgp, kms, gcp_kms, hckms, azure_kv, hc_vault, key_groups, shamir_threshold };
}

function changedGroups(groups: Groups, add: readonly string[], remove: readonly string[], path: string): Groups {
  const here = new Set(groups.flat());
  const stranger = remove.find((one) => !here.has(one));
  const known = add.find((one) => here.has(one));
  const fix = `list them with: demesne secrets recipients --file ${path}`;
  if (stranger !== undefined)
    throw new Problem({ code: "usage", where: path, what: `${stranger} is not a recipient`, fix });
  if (known !== undefined)
    throw new Problem({ code: "usage", where: path, what: `${known} is a recipient already`, fix });
  const next = groups.map((group, at) => [...group.filter((one) => !remove.includes(one)), ...(at === 0 ? add : [])]);
  if (next.every((group) => group.length > 0)) return next;
  throw new Problem({
    code: "refused",
    where: path,
    what: "would have no recipient left",
    fix: "add another one first",
  });
}

/** The signed revision to carry on; undefined where signatures are not in use. */
async function knownRecipients(desk: Desk, { metadata }: OpenedFile): Promise<number | undefined> {
  if (desk.signers !== undefined) return (await checkRecipients(desk.path, metadata, desk.signers)).revision;
  if (metadata.demesne?.recipients_revision === undefined) return undefined;
  throw new Problem({
    code: "refused",
    where: desk.path,
    what: "has signed recipients, but there is no allowed signers file to check them with",
    fix: "give it: --allowed-signers <file>",
  });
}

async function resign(desk: Desk, groups: Groups): Promise<number | undefined> {
  return desk.signers === undefined ? undefined : await signedAnew(desk, groups);
}

async function signedAnew(desk: Desk, groups: Groups): Promise<number> {
  const { signers } = desk;
  const signingKey = signers?.signingKey;
  if (signers !== undefined && signingKey !== undefined)
    return await signRecipients(desk.path, groups, { ...signers, signingKey });
  const fix = "name your SSH key and who may sign: --signing-key <file> --allowed-signers <file>";
  throw new Problem({ code: "usage", where: desk.path, what: "its recipients must be signed", fix });
}

/** What was encrypted must come back; otherwise it is a bug of ours, found before it costs anybody a secret. */
function prove(path: string, text: string, plain: string, dataKey: Uint8Array): void {
  const { parsed, metadata } = readFile({ path, text });
  const again = decryptWith({ path, text }, parsed, metadata, dataKey);
  const wanted = valuesOf(formatOf(path).parse(plain.replaceAll("\r\n", "\n"), path));
  const found = valuesOf(formatOf(path).parse(plainText(again), path));
  if (wanted !== found) throw new Error(`${path}: what was encrypted does not come back; nothing was written`);
}

function valuesOf({ branches }: ReturnType<ReturnType<typeof formatOf>["parse"]>): string {
  const values: unknown[] = [];
  walk(branches, (slot, { path }) => {
    if (slot.type === "leaf") values.push([path, slot.kind, slot.text]);
  });
  return JSON.stringify(values);
}

async function mustRead(path: string): Promise<string> {
  const text = await readWhole(path);
  if (text !== undefined) return text;
  throw new Problem({
    code: "usage",
    where: path,
    what: "does not exist",
    fix: `demesne secrets edit --file ${path} makes it`,
  });
}

function noRule(path: string): Problem {
  return new Problem({
    code: "usage",
    where: path,
    what: "there is no .sops.yaml above it that says who may read it",
    fix: "write one (docs/secrets.md), or name a recipient: --recipient age1...",
  });
}

/** The real randomness; everything else takes it as an argument. */
export const systemRandom: Random = { bytes: (size) => randomBytes(size) };
