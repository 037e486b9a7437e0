// Whatever stands in an estate's files, lint answers: it never throws, and every finding has a place and a fix.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { array, assert as hold, asyncProperty, constantFrom, double, oneof, string, tuple } from "fast-check";
import { inspectEstate } from "../estate/inspect.ts";
import { lint, sarif } from "./index.ts";

const base = join(import.meta.dirname, "../../test/cases/lint/estate");
const dir = await mkdtemp(join(tmpdir(), "lint-any-"));
await cp(base, dir, { recursive: true });
after(async () => await rm(dir, { recursive: true }));

const clock = { now: () => Date.parse("2026-11-21T12:00:00Z") };
const files = [
  "estate.yaml",
  "inventory/hosts.yaml",
  "inventory/images.lock.yaml",
  "inventory/secrets.example.yaml",
  "services/notes/service.yaml",
  "services/notes/compose.yaml",
  "services/notes/notes.toml",
  "services/gateway/README.md",
];
const texts = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(base, file), "utf8")] as const)),
);

/** What a slip of the hand, or somebody with bad intent, puts in. */
const piece = oneof(
  string({ unit: "binary" }),
  constantFrom(
    "\n",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: *hardening\n",
    "null",
    "!!binary ",
    "0x7f",
    "~",
    "---\n",
    "${X}",
    "@sha256:",
    "://",
    "services:\n",
    "x-a: ",
    '"',
    "'",
    "\u{feff}",
    "\r\n",
    "\t",
    "#",
  ),
);
/** Where, how much is taken out, and what comes in its place. */
const edit = tuple(double({ min: 0, max: 1, noNaN: true }), constantFrom(0, 1, 3, 40), piece);

function edited(text: string, edits: readonly (readonly [number, number, string])[]): string {
  return edits.reduce((before, [place, out, into]) => {
    const at = Math.floor(place * before.length);
    return before.slice(0, at) + into + before.slice(at + out);
  }, text);
}

test("lint answers, whatever stands in a file", async () => {
  await hold(
    asyncProperty(constantFrom(...files), array(edit, { minLength: 1, maxLength: 4 }), async (file, edits) => {
      const text = texts.get(file) ?? "";
      await writeFile(join(dir, file), edited(text, edits));
      const signal = AbortSignal.timeout(120_000);
      const known = { controls: new Set<string>(), wanted: new Map(), generated: [] };
      const { findings } = await lint(await inspectEstate(dir, { signal, clock }), known, signal);
      for (const each of findings)
        assert.ok(each.line >= 1 && each.what !== "" && each.fix !== "", JSON.stringify(each));
      sarif(findings, "0");
      await writeFile(join(dir, file), text);
    }),
    { numRuns: Number(process.env["LINT_RUNS"] ?? 60) },
  );
});
