// The hook from start to answer, its audit flushed to the disk, against a Node that does nothing; and the hold-out corpus.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installGuard } from "../src/guard/index.ts";
import { judge } from "../src/guard/judge.ts";
import type { Row } from "../scripts/bench-row.ts";

export const name = "guard";

const RUNS = 41;

export async function bench(): Promise<Row[]> {
  return [...(await startToAnswer()), ...(await holdout())];
}

/** Turn about, so that whatever else the machine does meets all. Both start as the client starts the hook. */
async function startToAnswer(): Promise<Row[]> {
  const home = await mkdtemp(join(tmpdir(), "bench-guard-"));
  try {
    const root = join(home, "estate");
    const empty = join(home, "empty.cjs");
    await writeFile(empty, "");
    const [, node = "", flag = "", hook = ""] = await installedHook(root);
    const command = "git status --short && npm test";
    const call = { session_id: "bench", hook_event_name: "PreToolUse", tool_name: "Bash", tool_input: { command } };
    const input = JSON.stringify({ ...call, cwd: root });
    const time = (...argv: string[]): number => {
      const start = performance.now();
      const { status, stderr } = spawnSync("/usr/bin/env", ["-i", `HOME=${home}`, node, ...argv], { input });
      if (status !== 0) throw new Error(String(stderr));
      return performance.now() - start;
    };
    for (let run = 0; run < 3; run += 1) time(flag, hook);
    const runs = Array.from({ length: RUNS }, () => ({
      ours: time(flag, hook),
      bare: time(empty),
      flagged: time(flag, empty),
    }));
    const of = (which: "ours" | "bare" | "flagged"): number => median(runs.map((run) => run[which]));
    return [
      ratio("start to answer / bare node", of("ours"), of("bare"), 1.4),
      ratio("start to answer / bare node with the hook's flag", of("ours"), of("flagged"), undefined),
    ];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The arguments of /usr/bin/env that `demesne guard install` writes into an estate. */
async function installedHook(root: string): Promise<string[]> {
  await mkdir(root);
  await installGuard(root, process.execPath);
  const text = await readFile(join(root, ".claude/settings.json"), "utf8");
  const [, args = "[]"] = /"args":\s*(\[[^\]]*\])/.exec(text) ?? [];
  const parsed: unknown = JSON.parse(args);
  return Array.isArray(parsed) ? parsed.map((arg) => String(arg).replace("${CLAUDE_PROJECT_DIR}", root)) : [];
}

function ratio(title: string, ours: number, theirs: number, most: number | undefined): Row {
  const value = ours / theirs;
  const budget = most === undefined ? ">= 0" : `<= ${most}`;
  return { bench: name, name: title, value, unit: "x", budget, ok: value <= (most ?? Infinity), ours, theirs };
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
