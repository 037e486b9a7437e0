// demesne secrets scan, as an operator runs it: with a key it finds values, without one it says that it did not look.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aFile, aPerson } from "../../src/secrets/a-file.ts";

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-scan-journey-"));
after(() => rmSync(room, { recursive: true }));
const DEADLINE_MS = 60_000;

const person = await aPerson();
mkdirSync(join(room, "inventory"));
writeFileSync(join(room, "keys.txt"), `${person.identity.unwrap()}\n`, { mode: 0o600 });
writeFileSync(join(room, ".gitignore"), "keys.txt\n");
const plain = "db:\n  word: value-that-leaks\n  name: app-user-name\n";
writeFileSync(join(room, "inventory/secrets.sops.yaml"), await aFile({ path: "s.yaml", plain, people: [person] }));
const git = (...args: string[]): string =>
  execFileSync("git", ["-C", room, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    encoding: "utf8",
  });
git("init", "-q");
git("add", "-A");
git("commit", "-q", "-m", "clean");

function scan(args: readonly string[], env: Record<string, string> = {}): { status: number | null; out: string } {
  const options = { cwd: room, env: { PATH: process.env["PATH"], HOME: room, ...env }, timeout: DEADLINE_MS };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "secrets", "scan", ...args], options);
  return { status, out: stdout.toString() + stderr.toString() };
}

const keyed = { SOPS_AGE_KEY_FILE: join(room, "keys.txt") };

test("a clean repository passes, and the scan says what it looked for", () => {
  const { status, out } = scan([], keyed);
  assert.equal(status, 0);
  assert.match(out, /^0 found, 0 waived; 2 files and 1 commits/);
  assert.match(out, /searched for 2 known values too/);
  assert.match(scan([]).out, /no identity opens it here/);
});

test("a leaked value fails the scan with the key, in history too, and SARIF holds no secret", () => {
  writeFileSync(join(room, "notes.md"), `call https://x/?w=${Buffer.from("value-that-leaks").toString("base64")}\n`);
  git("add", "-A");
  git("commit", "-q", "-m", "leak");
  git("rm", "-q", "notes.md");
  git("commit", "-q", "-m", "unleak");
  const { status, out } = scan(["--sarif", "found.sarif"], keyed);
  assert.equal(status, 10);
  assert.match(out, /^notes.md:1 in commit [0-9a-f]{12}: value of a secrets file, outside of it\n {2}fix: replace it/);
  const sarif = readFileSync(join(room, "found.sarif"), "utf8");
  assert.match(sarif, /"ruleId": "secret-in-clear"/);
  assert.doesNotMatch(out + sarif, /value-that-leaks|dmFsdWUt/);
  assert.equal(scan(["--tree"], keyed).status, 0);
  assert.equal(scan([]).status, 0);
});

test("a waived finding passes until its day, and a wrong baseline is told", () => {
  const { out } = scan([], keyed);
  const [, fingerprint = ""] = /waive (\S+)/.exec(out) ?? [];
  const waiver = (day: string): string =>
    `format: 1\nwaivers:\n  - fingerprint: ${fingerprint}\n    reason: replaced at its source\n    expires: ${day}\n`;
  writeFileSync(join(room, "baseline.yaml"), waiver("2999-01-01"));
  assert.match(scan(["--baseline", "baseline.yaml"], keyed).out, /^0 found, 1 waived/);
  writeFileSync(join(room, "baseline.yaml"), waiver("2026-01-01"));
  assert.equal(scan(["--baseline", "baseline.yaml"], keyed).status, 10);
  writeFileSync(join(room, "baseline.yaml"), "format: 2\n");
  assert.match(scan(["--baseline", "baseline.yaml"], keyed).out, /baseline.yaml format: .*\nfix: /);
});
