// The hook from start to answer, its audit flushed to the disk, against a Node that does nothing; and the hold-out corpus.
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { judge } from "../src/guard/judge.ts";

export const name = "guard";

type Row = {
  readonly bench: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: string;
  readonly ok: boolean;
  readonly ours: number;
  readonly theirs: number;
};

const RUNS = 41;

export async function bench(): Promise<Row[]> {
  return [await startToAnswer(), ...(await holdout())];
}

/** Turn about, so that whatever else the machine does meets both. */
async function startToAnswer(): Promise<Row> {
  const home = await mkdtemp(join(tmpdir(), "bench-guard-"));
  try {
    const hook = join(home, "estate/.claude/hooks/guard.cjs");
    await mkdir(join(home, "estate/.claude/hooks"), { recursive: true });
    await cp(fileURLToPath(new URL("../src/guard/template/guard.bundle", import.meta.url)), hook);
    const empty = join(home, "empty.cjs");
    await writeFile(empty, "");
    const input = JSON.stringify({
      session_id: "bench",
      cwd: join(home, "estate"),
      hook_event_name: "PreToolUse",
      tool_name: "Bash",
      tool_input: { command: "git status --short && npm test" },
    });
    const time = (file: string): number => {
      const start = performance.now();
      spawnSync(process.execPath, [file], { input, env: { HOME: home } });
      return performance.now() - start;
    };
    for (const file of [hook, empty, hook]) time(file);
    const pairs = Array.from({ length: RUNS }, () => ({ ours: time(hook), theirs: time(empty) }));
    const [ours, theirs] = [median(pairs.map((pair) => pair.ours)), median(pairs.map((pair) => pair.theirs))];
    const value = ours / theirs;
    return {
      bench: name,
      name: "start to answer / bare node",
      value,
      unit: "x",
      budget: "<= 1.4",
      ok: value <= 1.4,
      ours,
      theirs,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** nah's corpus (MIT), never tuned on. Its verdicts are its own policy's: the numbers tell, they do not judge. */
async function holdout(): Promise<Row[]> {
  const folder = fileURLToPath(new URL("../test/cases/guard/holdout/nah", import.meta.url));
  const world = {
    root: "/workspace/outside",
    home: "/home/test",
    read: () => undefined,
    resolve: (path: string) => path,
  };
  const counts = { block: 0, stopped: 0, delegate: 0, passed: 0 };
  for (const file of (await readdir(folder)).filter((one) => one.endsWith(".jsonl")).sort()) {
    for (const line of (await readFile(join(folder, file), "utf8")).split("\n").filter((one) => one !== "")) {
      const row: unknown = JSON.parse(line);
      const { command, verdict: wanted } = caseOf(row);
      if (command === undefined) continue;
      const { verdict } = judge(
        { event: "PreToolUse", session: "", cwd: world.root, tool: "Bash", input: { command } },
        world,
      );
      if (wanted === "block") counts.block += 1;
      else counts.delegate += 1;
      if (wanted === "block" && verdict !== "silent") counts.stopped += 1;
      if (wanted === "delegate" && verdict !== "deny") counts.passed += 1;
    }
  }
  return [
    share("hold-out: nah's blocks denied or asked", counts.stopped, counts.block),
    share("hold-out: nah's delegates not denied", counts.passed, counts.delegate),
  ];
}

function share(title: string, ours: number, theirs: number): Row {
  return { bench: name, name: title, value: (100 * ours) / theirs, unit: "%", budget: ">= 0", ok: true, ours, theirs };
}

function caseOf(row: unknown): { command: string | undefined; verdict: unknown } {
  if (typeof row !== "object" || row === null) return { command: undefined, verdict: undefined };
  const command = "command" in row && typeof row.command === "string" ? row.command : undefined;
  const expected = "expected" in row ? row.expected : undefined;
  const verdict =
    typeof expected === "object" && expected !== null && "verdict" in expected ? expected.verdict : undefined;
  return { command, verdict };
}
