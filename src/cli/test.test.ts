// demesne test as an operator runs it: the real command line over estates made here. Secrets are made at run time.
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const main = new URL("main.ts", import.meta.url).pathname;
const small = new URL("../../test/cases/lint/estate", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-test-"));
after(() => rmSync(room, { recursive: true }));
const DEADLINE_MS = 60_000;
const FILE = "inventory/secrets.sops.yaml";

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const leaked = await generateX25519Identity();

type Ended = { readonly status: number | null; readonly out: string };

function demesne(args: readonly string[], input = "", env: Record<string, string> = {}): Ended {
  const options = { cwd: room, env: { PATH: process.env["PATH"], HOME: room, ...env }, input, timeout: DEADLINE_MS };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options);
  return { status, out: stdout.toString() + stderr.toString() };
}

function estate(name: string): { readonly folder: string; write: (file: string, text: string) => void } {
  const folder = join(room, name);
  cpSync(small, folder, { recursive: true });
  return { folder, write: (file, text) => writeFileSync(join(folder, file), text) };
}

function commit(folder: string, message: string): void {
  const who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    [...who, "commit", "-q", "-m", message],
  ])
    execFileSync("git", ["-C", folder, ...args]);
}

type Told = {
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly commit?: string;
  readonly what: string;
};

test("an estate outside of git: all its files are scanned, and it says that there is no history", () => {
  const { folder, write } = estate("plain");
  const clean = demesne(["test", folder]);
  assert.equal(clean.status, 0, clean.out);
  assert.match(clean.out, /^inventory\/secrets\.sops\.yaml: not checked, there is none yet$/m);
  assert.match(clean.out, /^0 found, .* files, no history: this is not a git repository; /m);

  write("notes.md", `first\n${leaked}\n`);
  const { status, out } = demesne(["test", folder]);
  assert.equal(status, 11);
  assert.match(out, /^notes\.md:2: .+\n {2}fix: replace it at its source/m);
  assert.ok(!out.includes(leaked));
});

test("what stands in history and what is wrong with the secrets file are told with file and line", () => {
  const { folder, write } = estate("repository");
  const path = join(folder, FILE);
  for (const name of ["db/word", "db/note_unencrypted"])
    demesne(["secrets", "set", name, "--file", path, "--recipient", recipient], `value-of-${name}`, {
      SOPS_AGE_KEY: identity,
    });
  write("notes.md", `see ${Buffer.from("value-of-db/word").toString("base64")}\n`);
  commit(folder, "leak");
  rmSync(join(folder, "notes.md"));
  commit(folder, "unleak");

  const args = ["test", folder, "--json", "--sarif", "found.sarif"];
  const { status, out } = demesne(args, "", { SOPS_AGE_KEY: identity });
  assert.equal(status, 11, out);
  const { findings, ...tested } = JSON.parse(out);
  assert.partialDeepStrictEqual(tested, {
    format: 1,
    isRepository: true,
    isSecretsFileThere: true,
    commits: 2,
    knownValues: 2,
  });
  const line =
    readFileSync(path, "utf8")
      .split("\n")
      .findIndex((each) => each.includes("note_unencrypted")) + 1;
  const errors = findings
    .filter(({ severity }: Told) => severity === "error")
    .map(
      ({ commit: id, file, line: at, what }: Told) =>
        `${id?.replace(/^[0-9a-f]{40}$/, "in history") ?? "now"}, ${file}:${at} ${what}`,
    );
  const value = "value of a secrets file, outside of it";
  assert.deepEqual(errors, [
    `now, ${FILE}:${line} db/note_unencrypted: stands in clear by the file's rule`,
    `now, ${FILE}:${line} ${value}`,
    `in history, ${FILE}:${line} ${value}`,
    `in history, notes.md:1 ${value}`,
  ]);
  const sarif = readFileSync(join(room, "found.sarif"), "utf8");
  const places = JSON.parse(sarif).runs[0].results.map(
    (each: { ruleId: string; locations: { physicalLocation: { region: { startLine: number } } }[] }) =>
      `${each.ruleId}:${each.locations[0]?.physicalLocation.region.startLine}`,
  );
  assert.deepEqual(places, [`secrets-file:${line}`, ...[line, line, 1].map((each) => `secret-in-clear:${each}`)]);
  assert.doesNotMatch(out + sarif, /value-of-db|dmFsdWUt/);

  const keyless = demesne(["test", folder]);
  assert.equal(keyless.status, 11);
  assert.match(
    keyless.out,
    new RegExp(String.raw`^inventory/secrets\.sops\.yaml:${line}: db/note_unencrypted: stands`, "m"),
  );
  assert.match(keyless.out, /secrets\.sops\.yaml:1: warning: its values were not checked: no age identity\n {2}fix: /);
  assert.match(keyless.out, /^1 found, \d warnings, 0 waived; \d+ files, 2 commits; /m);
});

test("a folder that is no estate, and a repository that git cannot read, are refused", () => {
  const empty = demesne(["test", room]);
  assert.equal(empty.status, 4);
  assert.match(empty.out, /holds no estate\.yaml\nfix: /);
  const { folder, write } = estate("broken");
  write(".git", "gitdir: /nowhere\n");
  const broken = demesne(["test", folder]);
  assert.equal(broken.status, 5, broken.out);
});

test("a service that breaks an invariant fails the test, with file and line; a waived one is counted", () => {
  const { folder, write } = estate("invariant");
  const compose = readFileSync(join(folder, "services/notes/compose.yaml"), "utf8");
  write("services/notes/compose.yaml", compose.replace("PRICE: 5$$", "BASE_URL: https://api.openai.com"));
  const { status, out } = demesne(["test", folder, "--sarif", "invariant.sarif"]);
  assert.equal(status, 4, out);
  assert.match(
    out,
    /^services\/notes\/compose\.yaml:14: services\/notes\/environment\/BASE_URL: should not name a provider/m,
  );
  const [result] = JSON.parse(readFileSync(join(room, "invariant.sarif"), "utf8")).runs[0].results;
  assert.equal(result.ruleId, "invariant");

  write("services/notes/compose.yaml", compose.replace("  read_only: true\n", ""));
  const text = readFileSync(join(folder, "estate.yaml"), "utf8");
  write("estate.yaml", text.replace("[sysctl/net.ipv4.ip_forward]", "[lint/read-only/notes]"));
  const waived = demesne(["test", folder]);
  assert.equal(waived.status, 0, waived.out);
  assert.match(waived.out, /^2 services held to their invariants$/m);
  assert.match(waived.out, /, 1 waived;/);
});

test("a guard that is installed is tested; one that lets everything pass is found", () => {
  const { folder, write } = estate("guarded");
  assert.match(demesne(["test", folder]).out, /^the guard: not tested, none is installed here/m);
  const installed = demesne(["guard", "install", "--estate", folder, "--node", process.execPath]);
  assert.equal(installed.status, 0, installed.out);
  const good = demesne(["test", folder]);
  assert.equal(good.status, 0, good.out);
  assert.match(good.out, /^the guard: \d{3,} calls judged, \d+ of them by the hook as installed$/m);

  write(".claude/hooks/guard.cjs", "process.exit(0);\n");
  const open = demesne(["test", folder]);
  assert.equal(open.status, 10, open.out);
  assert.match(open.out, /^\.claude\/hooks\/guard\.cjs:1: .+\(real hook\)/m);
});
