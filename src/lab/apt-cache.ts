// What apt fetched once, kept on disk: a body and a note beside it, named by the digest of the address.
// Both are written under a temporary name first, so a killed download leaves nothing that is taken for whole.
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { join } from "node:path";
import * as z from "zod";
import { digest } from "../lib/digest.ts";
import { touch } from "./aging.ts";

const Kept = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this note" }),
  url: z.string().meta({ description: "Address it was fetched from" }),
  size: z.int().nonnegative().meta({ description: "Bytes of the body" }),
  etag: z.string().optional().meta({ description: "Validator for revalidation" }),
  lastModified: z.string().optional().meta({ description: "Validator for revalidation" }),
});
export type Kept = z.infer<typeof Kept>;

export type AptCache = {
  find(url: string): Kept | undefined;
  read(url: string): Readable;
  write(url: string): Promise<Download>;
};

export type Download = {
  add(chunk: Uint8Array): Promise<void>;
  /** Takes the whole body into the cache. */
  keep(note: Omit<Kept, "format" | "url">): Promise<void>;
  /** Forgets what was added. */
  drop(): Promise<void>;
};

/** A .deb and a by-hash index never change under their address. */
export function isImmutable(url: string): boolean {
  return url.endsWith(".deb") || url.includes("/by-hash/");
}

export function openAptCache(folder: string): AptCache {
  mkdirSync(folder, { recursive: true });
  const bodyOf = (url: string): string => join(folder, digest(url).slice("sha256:".length));
  const noteOf = (url: string): string => `${bodyOf(url)}.json`;
  let downloads = 0;
  return {
    find: (url) => {
      const kept = readNote(noteOf(url));
      return kept !== undefined && kept.size === sizeOf(bodyOf(url)) ? kept : undefined;
    },
    read: (url) => {
      for (const file of [bodyOf(url), noteOf(url)]) touch(file, Date.now());
      return createReadStream(bodyOf(url));
    },
    write: async (url) => {
      downloads += 1;
      const temporary = `${bodyOf(url)}.${process.pid}-${downloads}.part`;
      const file = await open(temporary, "wx");
      return download(file, temporary, (note) => {
        writeFileSync(`${temporary}.json`, JSON.stringify({ format: 1, url, ...note }));
        // The note last: without it the body is not found.
        rmSync(noteOf(url), { force: true });
        renameSync(temporary, bodyOf(url));
        renameSync(`${temporary}.json`, noteOf(url));
      });
    },
  };
}

function download(file: FileHandle, temporary: string, keep: (note: Omit<Kept, "format" | "url">) => void): Download {
  return {
    add: async (chunk) => void (await file.write(chunk)),
    keep: async (note) => {
      await file.close();
      keep(note);
    },
    drop: async () => {
      await file.close();
      rmSync(temporary, { force: true });
    },
  };
}

function readNote(file: string): Kept | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = Kept.safeParse(parseJson(readFileSync(file, "utf8")));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}
