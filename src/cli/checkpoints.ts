// Signed checkpoints of a ledger, kept in the estate to be committed and pushed: written, read again and held against the
// ledger. Without one that stands elsewhere, a ledger cut short or written anew looks like any other.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkpointSigner, signCheckpoint, type Ledger } from "../ledger/index.ts";
import { Problem } from "../lib/problem.ts";

export type Place = {
  /** The estate's folder. */
  readonly root: string;
  /** Where in it this ledger's checkpoints are kept. */
  readonly folder: string;
  readonly signal: AbortSignal;
};

export type Compared = Awaited<ReturnType<Ledger["verify"]>> & {
  /** How many checkpoints the ledger was held against. */
  readonly compared: number;
  /** Who signed them; undefined when there was no list of signers, so that nobody's signature was checked. */
  readonly signers: readonly string[] | undefined;
};

type Kept = { readonly file: string; readonly text: string };

const ALLOWED_SIGNERS = "policy/allowed_signers";

/**
 * Signs what is there now and keeps it; answers the file. Throws Problem `usage` without a key, `ledger` when the ledger
 * is not the one that earlier checkpoints were made of: a rewritten one is not signed anew.
 */
export async function keepCheckpoint(
  ledger: Ledger,
  place: Place,
  { name, key }: { readonly name: string; readonly key: string | undefined },
): Promise<string> {
  if (key === undefined) throw noKey();
  const { faults } = await ledger.verify(await textsIn(place), place.signal);
  const [fault] = faults;
  if (fault !== undefined) throw rewritten(fault);
  const text = await ledger.checkpoint(`${basename(place.root)}/${name}`, place.signal);
  const signature = await signCheckpoint(text, { keyFile: key, signal: place.signal });
  const file = join(place.root, place.folder, `${(text.split("\n")[1] ?? "").padStart(12, "0")}.checkpoint`);
  await mkdir(join(place.root, place.folder), { recursive: true });
  await writeFile(file, text);
  await writeFile(`${file}.sig`, signature);
  return file;
}

/** The ledger against all that are kept, and against `more`; one that is not signed by somebody listed is a fault. */
export async function compareCheckpoints(
  ledger: Ledger,
  place: Place,
  more: readonly string[] = [],
): Promise<Compared> {
  const kept = [...(await keptIn(place)), ...(await Promise.all(more.map(readKept)))];
  const allowedSigners = join(place.root, ALLOWED_SIGNERS);
  if (!existsSync(allowedSigners)) {
    const report = await ledger.verify(texts(kept), place.signal);
    return { ...report, compared: kept.length, signers: undefined };
  }
  const trusted: Kept[] = [];
  const signers = new Set<string>();
  const faults: { where: string; what: string }[] = [];
  for (const one of kept) {
    const signer = await signerOf(one, allowedSigners, place.signal);
    if (signer instanceof Problem) faults.push({ where: one.file, what: signer.what });
    else {
      signers.add(signer);
      trusted.push(one);
    }
  }
  const report = await ledger.verify(texts(trusted), place.signal);
  const all = [...faults, ...report.faults];
  return { ...report, isSound: all.length === 0, faults: all, compared: trusted.length, signers: [...signers].sort() };
}

/** What was compared, in words. */
export function toldOf({ compared, signers }: Compared): string {
  const many = `${compared} checkpoint${compared === 1 ? "" : "s"}`;
  if (compared === 0) return "with no checkpoint";
  return signers === undefined
    ? `with ${many}, whose signatures were not checked: ${ALLOWED_SIGNERS} is not there`
    : `with ${many} signed by ${signers.join(", ")}`;
}

async function signerOf({ file, text }: Kept, allowedSigners: string, signal: AbortSignal): Promise<string | Problem> {
  const signature = await readFile(`${file}.sig`, "utf8").catch(() => undefined);
  if (signature === undefined) return unsigned(file);
  return await checkpointSigner(text, signature, { allowedSigners, signal }).catch((error: unknown) => {
    if (error instanceof Problem) return error;
    throw error;
  });
}

async function keptIn({ root, folder }: Place): Promise<Kept[]> {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  const names = (await readdir(path)).filter((name) => name.endsWith(".checkpoint")).sort();
  return await Promise.all(names.map(async (name) => await readKept(join(path, name))));
}

async function textsIn(place: Place): Promise<string[]> {
  return texts(await keptIn(place));
}

const texts = (kept: readonly Kept[]): string[] => kept.map(({ text }) => text);

async function readKept(file: string): Promise<Kept> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Problem({ code: "usage", where: file, what: "cannot be read", fix: "name the checkpoint's file", cause });
  });
  return { file, text };
}

function unsigned(where: string): Problem {
  const fix = "take checkpoint and signature from where they were kept";
  return new Problem({ code: "ledger", where, what: "is not signed: no .sig beside it", fix });
}

function rewritten({ where, what }: { readonly where: string; readonly what: string }): Problem {
  const fix = "find out who changed it, with verify; nothing is signed until it agrees";
  return new Problem({ code: "ledger", where, what, fix });
}

function noKey(): Problem {
  const fix = "--key ~/.ssh/id_ed25519.pub (the agent signs)";
  return new Problem({ code: "usage", where: "checkpoint", what: "needs a key to sign with", fix });
}
