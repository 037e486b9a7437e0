// The journal of traffic: what every request writes, in two files that are written in turn. To append a line costs less than
// a transaction over five tables; from time to time the bookkeeper reads what is new, and a file whose lines are all in the
// books and in the ledger is later written over from its beginning (decisions 0150, 0151). A line is a checksum, a blank, and
// JSON with a number.
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { GroupCommit, NOW, unwritable, type Wish, type Work } from "./group-commit.ts";
import { CHECKSUM_LENGTH, JOURNAL_FILES, type Range } from "./journal-files.ts";

/** A file of this size is left for the other one, once that one is free. */
const TURN_BYTES = 2 * 1024 * 1024;

/**
 * Flushes under way at a time. Each has a descriptor of its own: of an error in writing the kernel tells every descriptor
 * once, so that no flush succeeds because its neighbour was told first.
 */
const FLUSHES = 3;

/** A disk that refused is told of for so long, unless it has taken something since. */
const REFUSED_MS = 10_000;

const flushFile = promisify(fdatasync);

/** What a piece of work decided, and what has to be written down for it. */
export type Step<Entry, T> = {
  readonly value: T;
  readonly entry?: Entry;
  /** Takes the entry's effects back when it cannot be written. */
  readonly undo?: () => void;
};

export type JournalOptions<Entry> = {
  /** The last number that is in the books, and the last that is in the ledger. */
  readonly booked: number;
  readonly carried: number;
  readonly schema: z.ZodType<Entry>;
  /** True when nobody but who asks is under way: then a flush may hold up the event loop. */
  readonly isQuiet?: () => boolean;
};

type Deciding<Entry> = Work & { run(): Step<Entry, unknown> };
type Decided<Entry> = { readonly work: Deciding<Entry>; readonly step: Step<Entry, unknown> };

/** `last`: the number of its last line. */
type File = { readonly descriptors: readonly number[]; end: number; last: number };

export class Journal<Entry extends object> {
  /** What the files held that is not in the books, in order. */
  readonly recovered: Entry[];
  readonly #commits: GroupCommit<Deciding<Entry>>;
  readonly #files: readonly [File, File];
  #current: 0 | 1;
  #last: number;
  /** Up to which number everything is in the books and in the ledger. */
  #done: number;
  /** Where in the current file begins what nobody has taken yet. */
  #untaken: number;
  /** The same of files before. */
  #ranges: Range[];
  #flushes = 0;
  #left: 0 | 1 | undefined;
  /** When the disk refused a line and has taken none since, in milliseconds of the monotonic clock. */
  #refusedAt = -Infinity;

  /** Throws Problem when a file cannot be opened. */
  constructor(state: string, { booked, carried, schema, isQuiet }: JournalOptions<Entry>) {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const [first, second] = [openFile(join(state, JOURNAL_FILES[0])), openFile(join(state, JOURNAL_FILES[1]))];
    this.#files = [first.file, second.file];
    this.#done = Math.min(booked, carried);
    this.#last = Math.max(booked, carried, ...this.#files.map(({ last }) => last));
    // Writing goes on behind the newest line: what it stands behind may not be in the books yet.
    this.#current = this.#files[1].last > this.#files[0].last ? 1 : 0;
    this.#untaken = this.#files[this.#current].end;
    this.#ranges = ([0, 1] as const)
      .map((file) => ({ file, start: 0, end: this.#files[file].end, last: this.#files[file].last }))
      .filter(({ last }) => last > this.#done)
      .toSorted((a, b) => a.last - b.last);
    const lines = [...first.lines, ...second.lines].filter(({ seq }) => seq > booked).toSorted((a, b) => a.seq - b.seq);
    this.recovered = lines.map(({ entry }) => schema.parse(entry));
    this.#commits = new GroupCommit({
      write: (batch) => this.#write(batch),
      flush: async () => void (await Promise.all(this.#toFlush().map(async (file) => await flushFile(file)))),
      flushSync: () => {
        for (const file of this.#toFlush()) fdatasyncSync(file);
      },
      mostFlushes: FLUSHES,
      ...(isQuiet === undefined ? {} : { isQuiet }),
    });
  }

  /** The disk refuses what is to be written, as far as is known. */
  get isRefused(): boolean {
    return this.#commits.isBroken || performance.now() - this.#refusedAt < REFUSED_MS;
  }

  /** The number of the last line that was written. */
  get last(): number {
    return this.#last;
  }

  /**
   * Resolves with the value that `run` decides once its entry is written, and flushed where that is wished. `run` is called
   * once and may change what is in memory; `undo` must take that back. What it throws rejects this one, a disk that
   * refuses rejects all with a 529 Refusal.
   */
  commit<T>(run: () => Step<Entry, T>, wish: Wish): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let value: T;
      this.#commits.push({
        ...wish,
        run: () => {
          const step = run();
          ({ value } = step);
          return step;
        },
        done: () => resolve(value),
        failed: reject,
      });
    });
  }

  /** Resolves when all that was asked for so far is decided. */
  async settled(): Promise<void> {
    await this.commit(() => ({ value: undefined }), NOW);
  }

  /** Where what nobody has taken yet stands in the files; up to `release`, it stays there. */
  take(): Range[] {
    this.#setAside();
    const ranges = this.#ranges;
    this.#ranges = [];
    return ranges;
  }

  /** Lines up to this number are elsewhere: a file of nothing else may be written over. */
  release(done: number): void {
    this.#done = done;
  }

  close(): void {
    for (const { descriptors } of this.#files) for (const file of descriptors) closeSync(file);
  }

  /** The current file, and the one that was left since the last flush. */
  #toFlush(): number[] {
    const files = this.#left === undefined ? [this.#current] : [this.#left, this.#current];
    this.#left = undefined;
    this.#flushes += 1;
    return files.map((file) => this.#files[file].descriptors[this.#flushes % FLUSHES] ?? -1);
  }

  #setAside(): void {
    const { end, last } = this.#files[this.#current];
    if (end > this.#untaken) this.#ranges.push({ file: this.#current, start: this.#untaken, end, last });
    this.#untaken = end;
  }

  #turnIfFull(): void {
    const other = this.#files[this.#current === 0 ? 1 : 0];
    if (this.#files[this.#current].end < TURN_BYTES || other.last > this.#done) return;
    this.#setAside();
    this.#left = this.#current;
    this.#current = this.#current === 0 ? 1 : 0;
    other.end = 0;
    this.#untaken = 0;
  }

  #write(batch: readonly Deciding<Entry>[]): readonly Deciding<Entry>[] {
    this.#turnIfFull();
    const file = this.#files[this.#current];
    const decided = batch.flatMap((work) => decide(work));
    let [text, seq] = ["", this.#last];
    for (const { step } of decided) if (step.entry !== undefined) text += printLine((seq += 1), step.entry);
    try {
      const bytes = Buffer.from(text);
      writeAll(file.descriptors[0] ?? -1, bytes, file.end);
      file.end += bytes.length;
    } catch {
      this.#refusedAt = performance.now();
      takeAway(file);
      for (const { step } of decided.toReversed()) step.undo?.();
      for (const { work } of decided) work.failed(unwritable());
      return [];
    }
    if (seq > this.#last) {
      file.last = seq;
      this.#refusedAt = -Infinity;
    }
    this.#last = seq;
    return decided.map(({ work }) => work);
  }
}

/** Lines that were written before the disk refused: nobody was told that they count. */
function takeAway({ descriptors, end }: File): void {
  try {
    ftruncateSync(descriptors[0] ?? -1, end);
  } catch {
    // Then they stand there, and after a kill count at worst.
  }
}

function decide<Entry>(work: Deciding<Entry>): Decided<Entry>[] {
  try {
    return [{ work, step: work.run() }];
  } catch (error) {
    work.failed(error);
    return [];
  }
}

type Line = { readonly seq: number; readonly entry: unknown };

function openFile(path: string): { readonly file: File; readonly lines: readonly Line[] } {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT;
    const descriptors = Array.from({ length: FLUSHES }, () => openSync(path, flags, 0o600));
    const { lines, end } = readLines(path);
    lengthen(descriptors[0] ?? -1, end);
    return { file: { descriptors, end, last: lines.at(-1)?.seq ?? 0 }, lines };
  } catch (cause) {
    throw new Problem({
      code: "prerequisite",
      where: path,
      what: `cannot be opened (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: "make the state folder writable for the gateway's user",
      cause,
    });
  }
}

/**
 * Takes away what stands behind the last whole line: a line of its length in its place, and it would be read again. And what
 * does not grow is flushed without its inode; where there is no room the file grows as it is written.
 */
function lengthen(file: number, end: number): void {
  ftruncateSync(file, end);
  if (end >= TURN_BYTES) return;
  try {
    writeAll(file, Buffer.alloc(TURN_BYTES - end), end);
    fdatasyncSync(file);
  } catch {
    ftruncateSync(file, end);
  }
}

function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

function printLine(seq: number, entry: object): string {
  const text = JSON.stringify({ seq, entry });
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_LENGTH, "0");
}

const Numbered = z.strictObject({ seq: z.int(), entry: z.unknown() });

/** Up to the first line that is not whole: what a crash tore off was never answered, and behind it lies what is old. */
function readLines(path: string): { readonly lines: readonly Line[]; readonly end: number } {
  const lines: Line[] = [];
  let end = 0;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const text = line.slice(CHECKSUM_LENGTH + 1);
    if (line.slice(0, CHECKSUM_LENGTH + 1) !== `${checksum(text)} `) break;
    const read = Numbered.parse(JSON.parse(text));
    // What is old has a smaller number.
    if (read.seq <= (lines.at(-1)?.seq ?? 0)) break;
    lines.push(read);
    end += Buffer.byteLength(line) + 1;
  }
  return { lines, end };
}
