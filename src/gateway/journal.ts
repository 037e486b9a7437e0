// The journal of traffic: what every request writes, in two files that are written in turn. To append a line costs less than
// a transaction over five tables; from time to time one file is folded into the books, and is later written over from its
// beginning (decision 0150). A line is a checksum, a blank, and JSON with a number.
import { closeSync, constants, fdatasync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { GroupCommit, NOW, unwritable, type Wish, type Work } from "./group-commit.ts";

const NAMES = ["journal-0", "journal-1"] as const;

const flushFile = promisify(fdatasync);

/** What a piece of work decided, and what has to be written down for it. */
export type Step<Entry, T> = {
  readonly value: T;
  readonly entry?: Entry;
  /** Takes the entry's effects back when it cannot be written. */
  readonly undo?: () => void;
};

/** What is to be folded, and the number of its last entry. */
export type Part<Entry> = { readonly entries: readonly Entry[]; readonly last: number };

type Deciding<Entry> = Work & { run(): Step<Entry, unknown> };
type Decided<Entry> = { readonly work: Deciding<Entry>; readonly step: Step<Entry, unknown> };

export class Journal<Entry extends object> {
  /** What the files held that was not folded; to be folded before the first commit, which writes over it. */
  readonly recovered: Part<Entry>;
  readonly #commits: GroupCommit<Deciding<Entry>>;
  readonly #files: readonly number[];
  #current = 0;
  /** Where the next line of the current file goes. */
  #end = 0;
  #last: number;
  #entries: Entry[] = [];

  /** `folded`: the last number that is in the books. Throws Problem when a file cannot be opened. */
  constructor(state: string, folded: number, schema: z.ZodType<Entry>) {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const paths = NAMES.map((name) => join(state, name));
    this.#files = paths.map(openFile);
    const lines = paths.flatMap((path) => readLines(path, schema)).filter(({ seq }) => seq > folded);
    lines.sort((a, b) => a.seq - b.seq);
    this.#last = lines.at(-1)?.seq ?? folded;
    this.recovered = { entries: lines.map(({ entry }) => entry), last: this.#last };
    this.#commits = new GroupCommit({
      write: (batch) => this.#write(batch),
      flush: async () => await flushFile(this.#file),
    });
  }

  /** Entries that are not folded yet. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * Resolves with the value that `run` decides once its entry is written, and flushed where that is wished. `run` is called
   * once and may change what is in memory; `undo` must take that back. What it throws rejects this one, a disk that
   * refuses rejects all with a 529 Refusal.
   */
  async commit<T>(run: () => Step<Entry, T>, wish: Wish): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
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

  /** What came since the last cut; from here on the other file is written, whose part must have been folded. */
  cut(): Part<Entry> | undefined {
    if (this.#entries.length === 0) return undefined;
    const part = { entries: this.#entries, last: this.#last };
    this.#entries = [];
    this.#current = 1 - this.#current;
    this.#end = 0;
    return part;
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  get #file(): number {
    return this.#files[this.#current] ?? -1;
  }

  #write(batch: readonly Deciding<Entry>[]): readonly Deciding<Entry>[] {
    const decided = batch.flatMap((work) => decide(work));
    const entries = decided.flatMap(({ step }) => step.entry ?? []);
    try {
      const bytes = Buffer.from(entries.map((entry, index) => printLine(this.#last + index + 1, entry)).join(""));
      writeAll(this.#file, bytes, this.#end);
      this.#end += bytes.length;
    } catch {
      for (const { step } of decided.toReversed()) step.undo?.();
      for (const { work } of decided) work.failed(unwritable());
      return [];
    }
    this.#last += entries.length;
    this.#entries.push(...entries);
    return decided.map(({ work }) => work);
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

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
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
  return crc32(text).toString(16).padStart(8, "0");
}

/** Up to the first line that is not whole: what a crash tore off was never answered, and behind it lies what is old. */
function readLines<Entry>(path: string, schema: z.ZodType<Entry>): { readonly seq: number; readonly entry: Entry }[] {
  const Line = z.strictObject({ seq: z.int(), entry: schema });
  const lines: z.infer<typeof Line>[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const text = line.slice(9);
    if (line.slice(0, 9) !== `${checksum(text)} `) break;
    const read = Line.parse(JSON.parse(text));
    if (read.seq !== (lines.at(-1)?.seq ?? read.seq - 1) + 1) break;
    lines.push(read);
  }
  return lines;
}
