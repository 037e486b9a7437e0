// Every rule of lint is broken once: the cases in test/cases/lint are an estate that is right, with one thing changed.
import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import * as z from "zod";
// oxlint-disable-next-line no-restricted-imports -- a test reads its cases
import { readCases } from "../../test/cases/read.ts";
import { inspectEstate } from "../estate/inspect.ts";
import { lint, type Linted } from "./index.ts";
import { rules } from "./rules.ts";

const base = join(import.meta.dirname, "../../test/cases/lint/estate");
const clock = { now: () => Date.parse("2026-11-21T12:00:00Z") };

const Case = z.strictObject({
  /** File -> [what stands there once, what stands there instead]. */
  change: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))).default({}),
  /** File -> its whole text, lines. */
  write: z.record(z.string(), z.array(z.string())).default({}),
  /** File -> its mode. */
  mode: z.record(z.string(), z.string().regex(/^0[0-7]{3}$/)).default({}),
  /** What another room says is wrong with a file that Demesne wrote. */
  generated: z.array(z.strictObject({ where: z.string(), what: z.string(), fix: z.string() })).default([]),
  /** Lines of `rule file:line path: what` and `fix: ...`. */
  found: z.array(z.string()),
});
type Case = z.infer<typeof Case>;

const folder = await mkdtemp(join(tmpdir(), "lint-"));
after(async () => await rm(folder, { recursive: true }));

async function changed(name: string, given: Case): Promise<string> {
  const dir = join(folder, name);
  await cp(base, dir, { recursive: true });
  for (const [path, text] of Object.entries(given.write)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), `${text.join("\n")}\n`);
  }
  for (const [path, edits] of Object.entries(given.change)) {
    const text = await readFile(join(dir, path), "utf8");
    await writeFile(join(dir, path), edits.reduce(replaceOnce, text));
  }
  for (const [path, mode] of Object.entries(given.mode)) await chmod(join(dir, path), Number.parseInt(mode, 8));
  return dir;
}

function replaceOnce(text: string, [before, now]: [string, string]): string {
  assert.equal(text.split(before).length, 2, `${before} should stand in the file once`);
  return text.replace(before, () => now);
}

async function linted(dir: string, generated: Case["generated"]): Promise<Linted> {
  const signal = AbortSignal.timeout(120_000);
  const wanted = new Map([["one", new Set(["file:/etc/docker/daemon.json", "file:/etc/issue"])]]);
  const known = { controls: new Set(["sysctl/net.ipv4.ip_forward"]), wanted, generated };
  return await lint(await inspectEstate(dir, { signal, clock }), known, signal);
}

function lines({ findings }: Linted): readonly string[] {
  return findings.flatMap(({ rule, file, line, path, what, fix, waived }) => [
    `${waived === undefined ? "" : `waived until ${waived.until}, ${waived.reason}: `}${rule} ${file}:${line}${path === "" ? "" : ` ${path}`}: ${what}`,
    `fix: ${fix}`,
  ]);
}

const cases = readCases("lint", Case);
// Written anew on request, to be reviewed like code: LINT_CASES=write node --test src/lint/lint.test.ts
const isWriting = process.env["LINT_CASES"] === "write";

describe("what is wrong with an estate's files is told with rule, file, line and fix", () => {
  for (const { sentence, given } of cases) {
    test(sentence, async () => {
      const name = sentence.replaceAll(" ", "-");
      const found = lines(await linted(await changed(name, given), given.generated));
      if (isWriting) await rewrite(name, found);
      else assert.deepEqual(found, given.found);
    });
  }
});

async function rewrite(name: string, found: readonly string[]): Promise<void> {
  const file = join(base, "..", `${name}.json`);
  const text: unknown = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, `${JSON.stringify({ ...Case.partial().parse(text), ...Object(text), found }, null, 2)}\n`);
}

test("each rule is broken by a case", () => {
  const broken = new Set(
    cases.flatMap(({ given }) => given.found.map((line) => /(?:^|: )([a-z-]+) \S+:\d+/.exec(line)?.[1])),
  );
  // What the shell says about a script depends on what is installed: script-rules.test.ts asks the real program.
  const elsewhere = new Set(["shellcheck"]);
  assert.deepEqual(
    Object.keys(rules).filter((rule) => !broken.has(rule) && !elsewhere.has(rule)),
    [],
  );
});

test("docs/lint.md tells every rule as it is", async () => {
  const text = await readFile(join(base, "../../../../docs/lint.md"), "utf8");
  const told = [...text.matchAll(/^\| `([a-z-]+)` +\| ([a-z, ]+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);
  const wanted = Object.entries(rules).map(([name, { severity, isWaivable, means }]) => [
    name,
    isWaivable ? `${severity}, waivable` : severity,
    means,
  ]);
  assert.deepEqual(told, wanted);
});
