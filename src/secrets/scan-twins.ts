// Decrypted twins: files in clear, anywhere in tree or history, that hold the names of an encrypted file with real values.
import { Problem } from "../lib/problem.ts";
import { formatOf } from "./formats.ts";
import { isPlaceholder } from "./scan-entropy.ts";
import { walk } from "./tree.ts";
import type { Branch } from "./tree.ts";

export type Candidate = { readonly path: string; readonly text: string };
export type Twin = { readonly path: string; readonly of: string; readonly names: number };

/** Share of an encrypted file's names that a file must hold to be taken for its twin. */
const SHARE = 0.6;
const LEAST_NAMES = 2;
const LEAST_VALUE = 6;

/** Files that can be read as names and values; a renamed copy is one of these as a rule. */
export function mayBeTwin(path: string): boolean {
  return /\.(ya?ml|json|env|txt|bak|orig|dec|plain|tmp|old|swp)$|(^|\/)\.env/.test(path);
}

export type TwinFinder = {
  /** Takes in an encrypted file; false for any other. */
  learn(file: Candidate): boolean;
  judge(file: Candidate): Twin | undefined;
  knowsAny(): boolean;
};

/** Files that SOPS encrypts value by value, so that their names can be learned. */
export function mayBeEncrypted(path: string): boolean {
  return /\.(ya?ml|json|env)$|(^|\/)\.env/.test(path);
}

/** Collects encrypted files first, then judges the others against them. */
export function twinFinder(): TwinFinder {
  const known = new Map<string, Set<string>>();
  return {
    knowsAny: () => known.size > 0,
    learn: (file) => {
      const names = encryptedNames(file);
      if (names === undefined) return false;
      const set = known.get(file.path) ?? new Set<string>();
      known.set(file.path, set);
      for (const name of names) set.add(name);
      return true;
    },
    judge: (file) => {
      if (isEncrypted(file.text)) return undefined;
      let values: ReadonlySet<string> | undefined;
      for (const [of, names] of known) {
        const needed = file.path === of ? 1 : Math.max(LEAST_NAMES, Math.ceil(names.size * SHARE));
        // Reading a file is dear; looking for the names in its text is not.
        const named = [...names].filter((name) => file.text.includes(name.slice(name.lastIndexOf("/") + 1)));
        if (named.length < needed) continue;
        values ??= realValues(file);
        const shared = named.filter((name) => values?.has(name)).length;
        if (shared >= needed) return { path: file.path, of, names: shared };
      }
      return undefined;
    },
  };
}

function isEncrypted(text: string): boolean {
  return text.includes("ENC[AES256_GCM,") && text.includes("sops");
}

/** Names of the values that are encrypted in a SOPS file; undefined for any other file. */
function encryptedNames(file: Candidate): ReadonlySet<string> | undefined {
  if (!isEncrypted(file.text)) return undefined;
  const names = new Set<string>();
  for (const branch of branchesOf(file) ?? []) {
    walk([branch], (slot, { path }) => {
      if (slot.type === "leaf" && slot.text.startsWith("ENC[AES256_GCM,")) names.add(path.join("/"));
    });
  }
  return names.size === 0 ? undefined : names;
}

function realValues(file: Candidate): ReadonlySet<string> {
  const branches = branchesOf(file) ?? [];
  const names = new Set<string>();
  walk(branches, (slot, { path }) => {
    if (slot.type === "leaf" && slot.text.length >= LEAST_VALUE && !isPlaceholder(slot.text)) names.add(path.join("/"));
  });
  return names;
}

/** By its name, or as YAML (which JSON nearly is); a file that cannot be read has no names. */
function branchesOf({ path, text }: Candidate): readonly Branch[] | undefined {
  const named = /\.(ya?ml|json|env)$/.test(path) ? path : path.includes(".env") ? "a.env" : "a.yaml";
  try {
    return formatOf(named).parse(text, path).branches;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
