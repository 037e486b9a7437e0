// npm run check: everything that can be checked within a minute or two and without root. Prints each step with its time, and the
// output of those that fail.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { installTestPrograms } from "./test-programs.ts";

const root = join(import.meta.dirname, "..");
const STEP_TIMEOUT_MS = 10 * 60_000;

type Step = {
  readonly name: string;
  readonly argv: readonly string[];
  /** Where in the output the failures begin. */
  readonly failuresFrom?: string;
  readonly fix?: string;
};

const node = process.execPath;
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const testArgs = ["--test", "--test-timeout=120000", "--test-reporter=./scripts/test-reporter.ts"];

const steps: readonly Step[] = [
  { name: "generated files", argv: [node, "scripts/generate.ts", "--check"] },
  { name: "guard's bundle", argv: [node, "scripts/bundle-guard.ts", "--check"], fix: "node scripts/bundle-guard.ts" },
  { name: "types", argv: [bin("tsc"), "--project", "."] },
  { name: "lint", argv: [bin("oxlint")] },
  { name: "format", argv: [bin("oxfmt"), "--check", "."], fix: "npm run format" },
  { name: "unused", argv: [bin("knip"), "--no-config-hints"] },
  {
    name: "unit tests",
    argv: [node, ...testArgs, "src/**/*.test.ts", "scripts/**/*.test.ts"],
    failuresFrom: "✖ failing tests:",
  },
];

await installTestPrograms({ step: (title) => console.log(title), detail: () => {} });
const failed: string[] = [];
for (const step of steps) {
  const started = performance.now();
  const { isOk, output } = await run(step);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${isOk ? "ok    " : "FAILED"} ${step.name.padEnd(16)} ${seconds.padStart(6)} s`);
  if (isOk) continue;
  failed.push(step.name);
  const from = step.failuresFrom === undefined ? -1 : output.indexOf(step.failuresFrom);
  console.log(output.slice(Math.max(0, from)).trimEnd().replaceAll(/^/gm, "  "));
  if (step.fix !== undefined) console.log(`  fix: ${step.fix}`);
}
console.log(failed.length === 0 ? "all checks passed" : `failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function run({ argv }: Step): Promise<{ readonly isOk: boolean; readonly output: string }> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: STEP_TIMEOUT_MS,
    // What runs inside node:test believes that it is a test, and tells nothing.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { isOk: code === 0, output: out + err };
}
