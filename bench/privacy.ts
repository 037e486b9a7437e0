// De-identification: how fast texts are read for the first time and again, and what it adds to a stream's first byte.
// Speeds are per second of this process's CPU, so that a busy machine does not count against them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Privacy, PrivacyPolicy } from "../src/gateway/privacy/index.ts";
import { corpus } from "../test/cases/privacy/generate.ts";
import { NameList } from "../src/gateway/privacy/names.ts";
import { Scanner } from "../src/gateway/privacy/scan.ts";
import { firstBytes } from "./privacy/first-bytes.ts";
import type { Row } from "../scripts/bench-row.ts";

export const name = "privacy";

const root = join(import.meta.dirname, "..");

export async function bench(): Promise<Row[]> {
  const clean = cleanText();
  const dense = denseText();
  const code = sourceCode();
  return [
    atLeast("cold scan, clean prose", scanned(clean), 100),
    atLeast("cold scan, source code and its documentation", scanned(code), 100),
    atLeast("cold scan, dense: an identifier every 130 bytes", scanned(dense), 50),
    atLeast("cold scan, prose with a dictionary of 1,000 names", scanned(proseWithNames(), names()), 50),
    await resent("resent history, source code", code),
    await resent("resent history, dense", dense),
    await firstByte(),
  ];
}

const SENTENCE =
  "The review of the third proposal was moved to the next meeting, since 4 of the 12 members were away. ";

/** Sentences without anything personal, and a number here and there. */
function cleanText(): string {
  return SENTENCE.repeat(40_000);
}

/** The same with a name of the dictionary in every tenth sentence. */
function proseWithNames(): string {
  return NAMES.map((each) => `${SENTENCE.repeat(9)}Then ${each} spoke of the budget. `)
    .join("")
    .repeat(4);
}

/** Forty first names with each of 25 surnames. */
const NAMES = Array.from({ length: 1000 }, (_, n) => `${madeUp(n % 40)} ${madeUp(40 + Math.floor(n / 40))}son`);

function madeUp(n: number): string {
  const syllables = ["Ka", "Mi", "To", "Re", "Su", "Bel", "Dor", "Fen", "Gal"];
  return `${syllables[n % 9] ?? ""}${(syllables[Math.floor(n / 9)] ?? "").toLowerCase()}`;
}

function names(): NameList {
  return new NameList([{ kind: "staff", names: NAMES }]);
}

/** Every sentence of the labelled corpus behind one that names nobody. */
function denseText(): string {
  const texts = corpus().flatMap(({ text, spans }) => (spans.length === 0 ? [] : [text]));
  return texts
    .map((text) => `${SENTENCE}${text}\n`)
    .join("")
    .repeat(4);
}

function sourceCode(): string {
  const folder = join(root, "node_modules/undici/lib");
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

/** Bytes of UTF-8 in a second of CPU, in MB. */
function scanned(text: string, dictionary?: NameList): number {
  const scanner = new Scanner(dictionary);
  const bytes = Buffer.byteLength(text);
  for (let warm = 0; warm < 3; warm += 1) scanner.scan(text);
  const before = process.cpuUsage();
  let rounds = 0;
  let us = 0;
  while (us < 2_000_000) {
    scanner.scan(text);
    rounds += 1;
    const { user, system } = process.cpuUsage(before);
    us = user + system;
  }
  return (bytes * rounds) / us;
}

/** A conversation of many blocks of 20 KB, cleaned as a whole: for the first time, and again with one more turn. */
async function resent(label: string, text: string): Promise<Row> {
  const messages = Array.from({ length: 5 }, (_, n) => ({
    role: n % 2 === 0 ? "user" : "assistant",
    content: [{ type: "text", text: text.slice(n * 20_000, n * 20_000 + 20_000) }],
  }));
  const leaving = (): Parameters<Privacy["clean"]>[0] => ({
    operation: "messages",
    body: { model: "m", messages },
    headers: {},
    route: { alias: "hosted", residency: "global" },
    key: { id: "k", alias: null },
    signal: new AbortController().signal,
  });
  const cold: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    const privacy = fresh();
    cold.push(await cpuMs(async () => await privacy.clean(leaving())));
    for (let again = 0; again < 5; again += 1) warm.push(await cpuMs(async () => await privacy.clean(leaving())));
    await privacy.close();
  }
  const [first, later] = [median(cold.slice(20)), median(warm.slice(100))];
  const value = first / later;
  return { bench: name, name: label, value, unit: "x", budget: ">= 10", ok: value >= 10, ours: later, theirs: first };
}

function fresh(): Privacy {
  return new Privacy({
    policy: PrivacyPolicy.parse({}),
    dictionaries: [],
    secret: Buffer.alloc(32, 7),
    random: { bytes: (size) => Buffer.alloc(size, 3) },
  });
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A stream of the hosted route beside one of a local route that is not read, in turns, with a request of 90 KB. */
async function firstByte(): Promise<Row> {
  const { read, unread } = await firstBytes(600);
  const value = p99(read) - p99(unread);
  const label = "added to the first byte of a stream, p99, 90 KB with identifiers";
  return {
    bench: name,
    name: label,
    value,
    unit: "ms",
    budget: "<= 2",
    ok: value <= 2,
    ours: p99(read),
    theirs: p99(unread),
  };
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}

function atLeast(label: string, value: number, budget: number): Row {
  return {
    bench: name,
    name: label,
    value,
    unit: "MB/s",
    budget: `>= ${budget}`,
    ok: value >= budget,
    ours: value,
    theirs: budget,
  };
}
