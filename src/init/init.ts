// The way to a new estate. Each step leaves what is there alone, so that a run that was stopped is simply run again.
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installGuard } from "../guard/index.ts";
import { loadEstate } from "../estate/index.ts";
import type { Clock, Progress, Random } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import { createSecrets } from "../secrets/desk/index.ts";
import type { Answers } from "./answers.ts";
import { fill, type Texts } from "./fill.ts";
import { ownIdentity, type Environment, type Identity } from "./identity.ts";
import { isThere, STAGING, writeNew } from "./new-files.ts";
import { NOTE, placeOf, type Note } from "./place.ts";
import { beginRepository, needGit, type Repository } from "./repository.ts";
import { schemaTexts, staleSchemas } from "./schema-files.ts";
import { newSecrets } from "./secret-values.ts";
import { templateTexts } from "./template-texts.ts";

export type InitEffects = {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Environment;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

export type InitRequest = {
  readonly folder: string;
  /** Asked for only where nothing was begun: a run that goes on has its answers. */
  readonly answers: () => Promise<Answers>;
  readonly version: string;
  /** The Node that runs the guard's hook, by its full path. */
  readonly node: string;
};

export type Initialised = {
  readonly root: string;
  readonly name: string;
  /** new: from an empty folder; continued: an earlier run was stopped; renewed: it was finished, only schemas are looked at. */
  readonly kind: "new" | "continued" | "renewed";
  readonly written: readonly string[];
  /** Files that were there before, and stayed as they are. */
  readonly kept: readonly string[];
  readonly identity: Pick<Identity, "recipient" | "madeAt"> | undefined;
  readonly repository: Repository["kind"];
};

const SECRETS = "inventory/secrets.sops.yaml";
const WAIVER_DAYS = 365;
const DAY_MS = 86_400_000;

/**
 * Writes an estate into an empty folder, or goes on where an earlier run was stopped.
 * Throws Problem `refused` (something else is there), `prerequisite` (no git, no Node for the guard), `failed` (a file).
 */
export async function initEstate(effects: InitEffects, request: InitRequest): Promise<Initialised> {
  const { clock, env, signal, progress } = effects;
  await needGit(signal);
  const place = await placeOf(request.folder);
  if (place.kind === "finished") return await renew(await realpath(request.folder), place.note, signal);
  // Asked for before anything is written: it refuses where the hook could not run.
  const guard = await guardTexts(request.node);
  const note = place.kind === "unfinished" ? place.note : await newNote(clock, request);
  const root = await enter(request.folder);
  await writeNew(root, NOTE, noteText(note));
  progress.step("an age identity for the secrets");
  const identity = await ownIdentity(env, new Date(clock.now()), signal);
  progress.step("the estate's files");
  const filling = { answers: note.answers, recipient: identity.recipient, until: note.until };
  const texts = [...(await schemaTexts()), ...fill(await templateTexts(), filling), ...guard];
  const done = await writeAll(root, new Map(texts));
  progress.step("the encrypted secrets");
  const hasSecrets = await addSecrets(effects, root, identity);
  await rm(join(root, STAGING), { recursive: true, force: true });
  await replace(root, NOTE, noteText({ ...note, isFinished: true }));
  progress.step("the git repository");
  return {
    root,
    name: note.answers.name,
    kind: place.kind === "empty" ? "new" : "continued",
    written: [...done.written, ...(hasSecrets ? [SECRETS] : [])],
    kept: [...done.kept, ...(hasSecrets ? [] : [SECRETS])],
    identity: { recipient: identity.recipient, madeAt: identity.madeAt },
    repository: (await beginRepository(root, operatorOf(note.answers), signal)).kind,
  };
}

/** A finished estate is its operator's: only the generated schemas follow this version, and a commit that is missing is made. */
async function renew(root: string, { answers }: Note, signal: AbortSignal): Promise<Initialised> {
  const stale = await staleSchemas(root);
  const texts = await schemaTexts();
  for (const path of stale) await replace(root, path, texts.get(path) ?? "");
  const { kind: repository } = await beginRepository(root, operatorOf(answers), signal);
  return { root, name: answers.name, kind: "renewed", written: stale, kept: [], identity: undefined, repository };
}

async function newNote(clock: Clock, { answers, version }: InitRequest): Promise<Note> {
  const until = new Date(clock.now() + WAIVER_DAYS * DAY_MS).toISOString().slice(0, 10);
  return { format: 1, version, answers: await answers(), until, isFinished: false };
}

function noteText(note: Note): string {
  return `${JSON.stringify(note, null, 2)}\n`;
}

/** The folder's real path; what a stopped run left there unfinished is taken away. */
async function enter(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    const root = await realpath(folder);
    await rm(join(root, STAGING), { recursive: true, force: true });
    return root;
  } catch (cause) {
    const fix = "name a folder that you may write to: demesne init DIR";
    throw new Problem({ code: "failed", where: folder, what: "cannot be made", fix, cause });
  }
}

/** The guard's own files, written to a folder of no meaning and read back: they then go the way of all files. */
async function guardTexts(node: string): Promise<Texts> {
  const folder = await mkdtemp(join(tmpdir(), "demesne-guard-"));
  try {
    const paths = await installGuard(folder, node);
    return new Map(
      await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), "utf8")] as const)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeAll(root: string, texts: Texts): Promise<{ written: string[]; kept: string[] }> {
  const done = { written: [] as string[], kept: [] as string[] };
  for (const [path, text] of texts) {
    const isNew = await writeNew(root, path, text);
    (isNew ? done.written : done.kept).push(path);
  }
  return done;
}

/** The secrets that the estate names, once; a file that is there is the operator's. */
async function addSecrets({ clock, random, signal }: InitEffects, root: string, identity: Identity): Promise<boolean> {
  const path = join(root, SECRETS);
  if (await isThere(path)) return false;
  const { secretRefs } = await loadEstate(root, { signal, clock });
  const text = newSecrets(secretRefs, random);
  await createSecrets({ clock, random }, { path, identities: [identity.identity] }, { kind: "text", text });
  return true;
}

async function replace(root: string, path: string, text: string): Promise<void> {
  const fresh = join(root, `${path}.new`);
  await writeFile(fresh, text, { flush: true });
  await rename(fresh, join(root, path));
}

function operatorOf({ name, domain }: Answers): string {
  return `operator@${domain ?? `${name}.example`}`;
}
