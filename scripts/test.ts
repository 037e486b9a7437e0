// npm test: makes the set-up that is missing, then hands all test files to node:test. Journeys that boot twins need root on
// Linux; without it they are skipped by name. Arguments: flags of node --test, files, or words that a test's name holds.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { installAnsible } from "../src/apply/index.ts";
import { cacheFolder } from "../src/cli/cache-folder.ts";
import { prepareLab } from "../src/lab/index.ts";
import type { Progress } from "../src/lib/ports.ts";
import { Problem } from "../src/lib/problem.ts";
import { without } from "../test/cases/secrets/tools.ts";
import { claudeCode } from "./claude-code.ts";
import { installTestPrograms, isRootOnLinux, runs } from "./test-programs.ts";

const root = join(import.meta.dirname, "..");
const all = ["src/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"];
/** For a file that never ends; the slowest journey takes a few minutes. */
const FILE_TIMEOUT_MS = 20 * 60_000;
const TOOLS_TIMEOUT_MS = 20 * 60_000;

const { flags, files, words } = sort(process.argv.slice(2));
const chosen = globSync(files.length > 0 ? files : all, { cwd: root });
if (chosen.length === 0) throw new Error(`no test file: ${files.join(" ")}`);
const progress: Progress = { step: (title) => console.error(`set-up: ${title}`), detail: () => {} };
await attempt(async () => await installTestPrograms(progress));
if (chosen.some((file) => file.startsWith("test/"))) await setUp();
process.exitCode = await runTests([
  `--test-concurrency=${Math.min(2, availableParallelism())}`,
  `--test-timeout=${FILE_TIMEOUT_MS}`,
  "--test-reporter=./scripts/test-reporter.ts",
  ...flags,
  ...words.map((word) => `--test-name-pattern=${word}`),
  ...chosen.sort(),
]);

type Arguments = { readonly flags: string[]; readonly files: string[]; readonly words: string[] };

function sort(args: readonly string[]): Arguments {
  const sorted: Arguments = { flags: [], files: [], words: [] };
  for (const arg of args) {
    if (arg.startsWith("-")) sorted.flags.push(arg);
    else if (arg.includes("/") || arg.endsWith(".ts")) sorted.files.push(arg);
    else sorted.words.push(arg);
  }
  return sorted;
}

async function runTests(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ["--test", ...args], { cwd: root, stdio: "inherit" });
  // Ctrl-C reaches the tests by themselves; this process waits for them to clean up.
  process.on("SIGINT", () => {}).on("SIGTERM", () => child.kill("SIGTERM"));
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

/** What cannot be set up is told here, and again by the journeys that fail or are skipped for it. */
async function setUp(): Promise<void> {
  if (!isRootOnLinux) {
    console.error("not root on Linux: the journeys that boot twins or make network namespaces are skipped by name");
    return;
  }
  await attempt(async () => void (await prepareLab({ progress })));
  await attempt(async () => void (await installAnsible({ cache: cacheFolder(), progress })));
  setUpSecretTools();
  const claude = claudeCode(progress);
  if (claude !== undefined) process.env["DEMESNE_CLAUDE_CODE"] = claude;
}

/** sops and age themselves are built from source, which needs Go. Where it is not, the cases are skipped by name. */
function setUpSecretTools(): void {
  if (without("sops", "age", "sopsAge", "fixtures") === false || !runs(["go", "version"])) return;
  const tools = join(root, "test/cases/secrets/tools.ts");
  progress.step("building sops and age to test against (a few minutes, once)");
  const built = spawnSync(process.execPath, [tools], { cwd: root, encoding: "utf8", timeout: TOOLS_TIMEOUT_MS });
  if (built.status !== 0) progress.step(`sops and age cannot be built here: ${built.stderr.trim().split("\n").at(-1)}`);
}

async function attempt(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`${error.where}: ${error.what}\nfix: ${error.fix}`);
  }
}
