// Which of the operator's keys is in the estate's list. Only public halves are looked at: git's signing key and ~/.ssh/*.pub.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";
import type { Signer } from "./allowed-signers.ts";
import { fingerprint } from "./public-key.ts";

export type Operator = {
  /** The operator's home folder. */
  readonly home: string;
  /** The estate's folder: git may be told of another key there. */
  readonly root: string;
  readonly signal: AbortSignal;
};

/** A public key that was found. */
export type OwnKey = {
  /** What ssh-keygen is given: a file; for a key that stands in git's configuration itself, the line. */
  readonly source: { readonly file: string } | { readonly line: string };
  readonly fingerprint: string;
};

/** Who sits here, as far as it can be told. */
export type Identity = {
  /** As git would write it into a commit; empty without one. */
  readonly name: string;
  /** The person of the estate's list, and the key that says so; nothing when no key is in the list. */
  readonly own?: { readonly key: OwnKey; readonly signer: Signer } | undefined;
  /** Fingerprints of the keys that were looked at. */
  readonly seen: readonly string[];
};

export type IdentifyOptions = {
  /** Only this key: its file, or that of its public half. */
  readonly file?: string | undefined;
  /** A FIDO key before all others, because one is needed. */
  readonly isFidoFirst?: boolean;
};

const GIT_TIMEOUT_MS = 10_000;

/** Looks at git's signing key first, then at ~/.ssh. Throws Problem `usage` when the named key cannot be read. */
export async function identify(
  operator: Operator,
  signers: readonly Signer[],
  { file, isFidoFirst = false }: IdentifyOptions = {},
): Promise<Identity> {
  const { keys: found, name } = await ownKeys(operator);
  const keys = file === undefined ? found : [await keyIn(file)];
  return { name, own: signerAmong(keys, signers, isFidoFirst), seen: keys.map((each) => each.fingerprint) };
}

async function ownKeys({ home, root, signal }: Operator): Promise<{ keys: readonly OwnKey[]; name: string }> {
  const [git, inHome] = await Promise.all([gitSettings(root, signal), keysIn(join(home, ".ssh"))]);
  const { "user.name": name = "", "user.email": email = "", "user.signingkey": key = "" } = git;
  const signing = await signingKey(key.replace(/^~\//, `${home}/`));
  return { keys: [...signing, ...inHome], name: email === "" ? name : `${name} <${email}>`.trimStart() };
}

async function keyIn(file: string): Promise<OwnKey> {
  const half = file.endsWith(".pub") ? file : `${file}.pub`;
  const print = await printOf(half);
  if (print !== undefined) return { source: { file }, fingerprint: print };
  throw new Problem({
    code: "usage",
    where: half,
    what: "should be the public half of a key, cannot be read as one",
    fix: `ssh-keygen -y -f ${file.replace(/\.pub$/, "")} > ${half}`,
  });
}

function signerAmong(keys: readonly OwnKey[], signers: readonly Signer[], isFidoFirst: boolean): Identity["own"] {
  const found = keys.flatMap((key) => {
    const signer = signers.find((each) => each.fingerprint === key.fingerprint);
    return signer === undefined ? [] : [{ key, signer }];
  });
  const fido = isFidoFirst ? found.find(({ signer }) => signer.key.application !== undefined) : undefined;
  return fido ?? found[0];
}

async function gitSettings(root: string, signal: AbortSignal): Promise<Record<string, string>> {
  const argv = ["git", "-C", root, "config", "-z", "--get-regexp", "^user\\.(name|email|signingkey)$"];
  const { status, stdout } = await run(argv, { timeoutMs: GIT_TIMEOUT_MS, signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    // Without git there is no signing key of git's.
    return { status: 1, stdout: "" };
  });
  if (status !== 0) return {};
  const pairs = stdout.split("\0").map((each) => [each.split("\n")[0] ?? "", each.slice(each.indexOf("\n") + 1)]);
  return Object.fromEntries(pairs);
}

async function signingKey(value: string): Promise<OwnKey[]> {
  if (value === "") return [];
  const line = value.replace(/^key::/, "");
  const print = lineOf(line);
  if (print !== undefined) return [{ source: { line }, fingerprint: print }];
  // It may be the private half's path, or an OpenPGP key's number.
  return await keyIn(value).then(
    (key) => [key],
    () => [],
  );
}

async function keysIn(folder: string): Promise<OwnKey[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names
    .filter((name) => name.endsWith(".pub"))
    .sort()
    .map((name) => join(folder, name));
  const found = await Promise.all(files.map(async (file) => ({ file, print: await printOf(file) })));
  return found.flatMap(({ file, print }) => (print === undefined ? [] : [{ source: { file }, fingerprint: print }]));
}

async function printOf(file: string): Promise<string | undefined> {
  return lineOf(await readFile(file, "utf8").catch(() => ""));
}

/** Of a line as in a .pub file; nothing for what is none. */
function lineOf(text: string): string | undefined {
  const [, type = "", base64 = ""] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(text) ?? [];
  const blob = Buffer.from(base64, "base64");
  const isKey =
    type !== "" && blob.length > 4 && blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1") === type;
  return isKey ? fingerprint(blob) : undefined;
}
