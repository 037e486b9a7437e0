// The secret scan over a 30 MB history of real code, and opening a secrets file beside the sops program.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../scripts/bench-row.ts";
import { aFile, aPerson } from "../src/secrets/a-file.ts";
import { openSecrets } from "../src/secrets/index.ts";
import { scanForSecrets } from "../src/secrets/scan/index.ts";
import { tools, without } from "../test/cases/secrets/tools.ts";

export const name = "secrets";

const HISTORY_BYTES = 30_000_000;
const FILES_A_COMMIT = 40;
const ROUNDS = 5;
const OPENINGS = 20;

export async function bench(): Promise<Row[]> {
  const room = mkdtempSync(join(tmpdir(), "demesne-bench-"));
  try {
    return [await scanRow(room), ...(await openRows(room))];
  } finally {
    rmSync(room, { recursive: true });
  }
}

async function scanRow(room: string): Promise<Row> {
  const folder = join(room, "history");
  makeHistory(folder);
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    const { bytes } = await scanForSecrets({ now: Date.now }, { folder, isHistoryIncluded: true });
    speeds.push(bytes / 1000 / (performance.now() - start));
  }
  // The fastest: whatever else runs on the machine only slows it.
  const value = Math.max(...speeds);
  const row = { bench: name, name: "scan of a 30 MB history, git included", unit: "MB/s", budget: ">= 20" };
  return { ...row, value, ok: value >= 20, ours: value, theirs: null };
}

/** Code that was written by people, in commits of forty files: what this project's dependencies ship. */
function makeHistory(folder: string): void {
  execFileSync("git", ["init", "-q", folder]);
  const stream: Buffer[] = [];
  let size = 0;
  let count = 0;
  for (const path of codeFiles()) {
    if (size >= HISTORY_BYTES) break;
    const text = readFileSync(path);
    if (text.length > 1_000_000) continue;
    if (count % FILES_A_COMMIT === 0) {
      const who = `committer b <b@example.org> ${1_700_000_000 + count} +0000`;
      stream.push(Buffer.from(`commit refs/heads/main\n${who}\ndata 2\nc\n\n`));
    }
    stream.push(Buffer.from(`M 100644 inline f${count}.txt\ndata ${text.length}\n`), text, Buffer.from("\n"));
    size += text.length;
    count += 1;
  }
  execFileSync("git", ["-C", folder, "fast-import", "--quiet"], { input: Buffer.concat(stream) });
}

function codeFiles(): string[] {
  const root = new URL("../node_modules/", import.meta.url).pathname;
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(js|ts|md|mjs|cjs|json)$/.test(path))
    .sort()
    .map((path) => join(root, path))
    .filter((path) => isFile(path));
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

async function openRows(room: string): Promise<Row[]> {
  const person = await aPerson();
  const path = join(room, "s.yaml");
  const plain = Array.from({ length: 200 }, (_, at) => `key${at}: value number ${at}\n`).join("");
  const text = await aFile({ path, plain, people: [person] });
  writeFileSync(path, text);
  const ours = await medianMs(async () => void (await openSecrets({ path, text }, [person.identity])));
  const row = {
    bench: name,
    name: "open a file of 200 values (sops: with its start)",
    unit: "ms",
    budget: null,
    ok: null,
  };
  if (without("sops") !== false) return [{ ...row, value: ours, ours, theirs: null }];
  writeFileSync(join(room, "keys.txt"), `${person.identity.unwrap()}\n`, { mode: 0o600 });
  const env = { PATH: process.env["PATH"], SOPS_AGE_KEY_FILE: join(room, "keys.txt") };
  const theirs = await medianMs(async () => void spawnSync(tools.sops, ["decrypt", path], { env }));
  return [{ ...row, value: ours, ours, theirs }];
}

async function medianMs(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < OPENINGS; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
