// Remembers beside a base which archive it came from, so that a later run need not ask the mirrors, nor even reach them.
// It counts only while this machine's apt still names that archive.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { AptSource } from "./apt-sources.ts";
import { baseName } from "./base.ts";
import { Archive } from "./mirror.ts";
import type { Release } from "./releases.ts";

const Note = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this note" }),
  archive: Archive.meta({ description: "Where the base's packages came from" }),
});

export function noteArchive(bases: string, release: Release, archive: Archive): void {
  writeFileSync(noteOf(bases, release), JSON.stringify({ format: 1, archive }));
}

/** The archive of a base that is there. */
export function knownArchive(bases: string, release: Release, sources: readonly AptSource[]): Archive | undefined {
  if (!existsSync(join(bases, baseName(release))) || !existsSync(noteOf(bases, release))) return undefined;
  const note = Note.safeParse(parseJson(readFileSync(noteOf(bases, release), "utf8")));
  if (!note.success) return undefined;
  const { archive } = note.data;
  const named = new Set(sources.map(({ uri }) => uri));
  return [archive.main, archive.security ?? archive.main].every((uri) => named.has(uri)) ? archive : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noteOf(bases: string, release: Release): string {
  return join(bases, `${baseName(release)}.json`);
}
