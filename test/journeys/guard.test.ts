// The bundle as it lies in an estate: real processes, many at once, some of them killed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { auditFolder } from "../../src/guard/audit.ts";
import { readCorpus, readCorpusWorld, judgeCommand } from "../../src/guard/corpus.ts";
import { openLedger } from "../../src/ledger/index.ts";
import { run } from "../../src/lib/run.ts";

const corpus = fileURLToPath(new URL("../cases/guard", import.meta.url));
let home = "";
let root = "";
let hook = "";

before(async () => {
  home = await mkdtemp(join(tmpdir(), "guard-journey-"));
  root = join(home, "harbour");
  hook = join(root, ".claude/hooks/guard.cjs");
  await mkdir(join(root, ".claude/hooks"), { recursive: true });
  await cp(fileURLToPath(new URL("../../src/guard/template/guard.bundle", import.meta.url)), hook);
});
after(async () => await rm(home, { recursive: true, force: true }));

const message = (command: string): string =>
  JSON.stringify({
    session_id: "j",
    cwd: root,
    hook_event_name: "PreToolUse",
    tool_name: "Bash",
    tool_input: { command },
  });

async function call(command: string): Promise<string> {
  const { status, stdout } = await run([process.execPath, hook], {
    input: message(command),
    env: { HOME: home },
    timeoutMs: 60_000,
  });
  if (status === 2) return "deny";
  assert.equal(status, 0);
  return stdout === "" ? "silent" : "ask";
}

test("the bundle is made of the sources as they are", async () => {
  const script = fileURLToPath(new URL("../../scripts/bundle-guard.ts", import.meta.url));
  const { status, stderr } = await run([process.execPath, script, "--check"], { timeoutMs: 120_000 });
  assert.equal(status, 0, stderr);
});

/** Cases that do not lean on the made up files of the corpus. */
const standsAlone = (text: string): boolean =>
  !/scripts\/|\.patch|\.mk|\.sed|npm run|make|\.\/|notes|settings-link|op\b/.test(text);

test("a sample of the corpus gets from the real process what the judge says", async () => {
  const world = await readCorpusWorld(join(corpus, "world.json"));
  const sample = (await readCorpus(corpus)).filter(({ command }, index) => index % 61 === 0 && standsAlone(command));
  assert.ok(sample.length >= 20);
  const local = { ...world, root, home };
  for (const { command } of sample) assert.equal(await call(command), judgeCommand(command, local).verdict, command);
});

test("a hook that cannot start its program denies", async () => {
  const broken = join(root, "broken.cjs");
  await cp(hook, broken);
  const text = await readFile(hook, "latin1");
  await writeFile(broken, text.replace('"src/guard/judge.js"', '"src/guard/absent.js"'), "latin1");
  const { status } = await run([process.execPath, broken], {
    input: message("ls"),
    env: { HOME: join(home, "x") },
    timeoutMs: 60_000,
  });
  assert.equal(status, 2);
});

const CALLS = Number(process.env["DEMESNE_GUARD_CALLS"] ?? "120");

test(`${CALLS} hooks, eight at a time, one in five killed at a random moment: the chain verifies`, async () => {
  let next = 0;
  const statuses: (number | null)[] = [];
  const one = async (index: number): Promise<void> => {
    const child = spawn(process.execPath, [hook], { env: { HOME: home }, stdio: ["pipe", "ignore", "ignore"] });
    child.stdin.on("error", () => {});
    child.stdin.end(message(`echo ${index}`));
    const timer = index % 5 === 0 ? setTimeout(() => child.kill("SIGKILL"), Math.random() * 120) : undefined;
    statuses.push(await new Promise((resolve) => void child.on("exit", resolve)));
    clearTimeout(timer);
  };
  const worker = async (): Promise<void> => {
    while (next < CALLS) await one(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.equal(await call("echo last"), "silent");
  const ledger = openLedger(auditFolder(root, home));
  const report = await ledger.verify();
  assert.deepEqual([report.isSound, report.tornBytes, report.faults], [true, 0, []]);
  const answered = statuses.filter((status) => status === 0).length;
  const seen = new Set((await Array.fromAsync(ledger.read())).map(({ record }) => JSON.stringify(record["input"])));
  assert.ok(seen.size >= answered, `${answered} answered, ${seen.size} in the audit`);
});
