// `demesne guard test`: the corpus through the judge, and a sample of it through the hook that stands in the estate.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../lib/run.ts";
import { judgeCommand, readCorpus, readCorpusWorld } from "./corpus.ts";
import { diskWorld } from "./disk-world.ts";

export type GuardTest = {
  readonly cases: number;
  readonly sampled: number;
  /** A line each: the command, what it should get and what it got. */
  readonly wrong: readonly string[];
};

/** Every how many-th case goes through a real process. */
const SAMPLE = 97;

/** `hook` is the file to start; the sample's audit goes to a temporary home. */
export async function testGuard(root: string, hook: string, signal: AbortSignal): Promise<GuardTest> {
  const folder = fileURLToPath(new URL("../../test/cases/guard", import.meta.url));
  const world = await readCorpusWorld(join(folder, "world.json"));
  const cases = await readCorpus(folder);
  const wrong: string[] = [];
  for (const { command, verdict } of cases) {
    const got = judgeCommand(command, world).verdict;
    if (got !== verdict) wrong.push(told(command, verdict, got));
  }
  const sample = cases.filter((_, index) => index % SAMPLE === 0);
  const home = await mkdtemp(join(tmpdir(), "guard-test-"));
  try {
    for (const { command } of sample) {
      signal.throwIfAborted();
      const wanted = judgeCommand(command, diskWorld(root, home)).verdict;
      const got = await ask(command, { root, hook, home, signal });
      if (got !== wanted) wrong.push(told(`${command} (real hook)`, wanted, got));
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  return { cases: cases.length, sampled: sample.length, wrong };
}

type Asked = { readonly root: string; readonly hook: string; readonly home: string; readonly signal: AbortSignal };

async function ask(command: string, { root, hook, home, signal }: Asked): Promise<string> {
  const input = JSON.stringify({
    session_id: "guard-test",
    cwd: root,
    hook_event_name: "PreToolUse",
    tool_name: "Bash",
    tool_input: { command },
  });
  const argv = [process.execPath, hook, root];
  const { status, stdout } = await run(argv, { input, env: { HOME: home }, timeoutMs: 30_000, signal });
  if (status === 2) return "deny";
  if (status !== 0) return `status ${status}`;
  return stdout === "" ? "silent" : "ask";
}

function told(command: string, wanted: string, got: string): string {
  return `should be ${wanted}, is ${got}: ${command.replaceAll("\n", "⏎")}`;
}
