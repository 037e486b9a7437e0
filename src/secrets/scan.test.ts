import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sensitive } from "../lib/sensitive.ts";
import { aFile, aPerson } from "./a-file.ts";
import { aMatch } from "./a-match.ts";
import { sarif } from "./scan-sarif.ts";
import { secretRules } from "./scan-rules.ts";
import type { SecretRule } from "./scan-rules.ts";
import { secretsIn } from "./scan-text.ts";
import { parseBaseline } from "./scan-waivers.ts";
import { scanForSecrets } from "./scan.ts";
import type { Scan, SecretFinding } from "./scan.ts";

const room = mkdtempSync(join(tmpdir(), "demesne-scan-"));
after(() => rmSync(room, { recursive: true }));
const clock = { now: () => Date.UTC(2026, 10, 21, 12) };

function aRepository() {
  const folder = mkdtempSync(join(room, "r-"));
  const git = (...args: string[]): string => {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgSign=false"];
    return execFileSync("git", ["-C", folder, ...who, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  };
  git("init", "-q", "-b", "main");
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const commit = (message: string): string => {
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  };
  const scan = async (more: Partial<Scan> = {}) =>
    await scanForSecrets(clock, { folder, isHistoryIncluded: true, ...more });
  return { folder, git, write, commit, scan };
}

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

/** Made at run time, so that this file holds no secret. */
const aToken = (): string => ["gh", aMatch(/p_[A-Za-z0-9]{36}/)].join("");

function samplesOf(rule: SecretRule): string[] {
  return rule.starts.flatMap((start) => Array.from({ length: 5 }, () => start + aMatch(rule.pattern)));
}

/** Two lines, so that a cut between them would lose it. */
const aPrivateKey = (): string => `-----BEGIN PRIVATE KEY-----\n${randomBytes(36).toString("base64")}`;

test("every class of secret is found, in the tree and in history", async () => {
  const { write, commit, scan } = aRepository();
  const planted = new Map<string, string[]>();
  for (const rule of secretRules) {
    const samples = samplesOf(rule).filter((text) => secretsIn(`x = "${text}"\n`).length > 0);
    // A few made-up ones look like placeholders, or are too even to be random; most must count.
    assert.ok(samples.length >= rule.starts.length * 2, `${rule.id}: ${samples.length} of ${rule.starts.length * 5}`);
    planted.set(rule.id, samples);
    write(`planted/${rule.id}.txt`, samples.map((text) => `x = "${text}"\n`).join(""));
  }
  commit("add");
  const inTree = await scan({ isHistoryIncluded: false });
  for (const id of planted.keys()) write(`planted/${id}.txt`, "gone\n");
  commit("remove");
  const inHistory = await scan();
  for (const [name, findings] of [
    ["tree", inTree.findings],
    ["history", inHistory.findings],
  ] as const) {
    const found = new Set(findings.map(({ path }) => path));
    const missed = [...planted.keys()].filter((id) => !found.has(`planted/${id}.txt`));
    assert.deepEqual(missed, [], name);
  }
  assert.ok(inHistory.findings.every(({ commit: id }) => id !== undefined));
});

test("assigned random values are found; names, templates, digests and calls are not", () => {
  const random = randomBytes(18)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "7")
    .replace(/^.{4}/, "a1B2");
  for (const line of [
    `db_password: ${random}`,
    `API_KEY="${random}"`,
    `const clientSecret = '${random}';`,
    `{"access_token": "${random}"}`,
    `export AUTH_TOKEN=${random}`,
    `password := "${random}"`,
  ]) {
    assert.deepEqual(
      secretsIn(`${line}\n`).map(({ rule }) => rule),
      ["assigned-secret"],
      line,
    );
  }
  for (const line of [
    "password: ${DB_PASSWORD_FROM_ENV_1234}",
    "token = getTokenFromStore(request42)",
    `apiKey: example-${random}`,
    "secret_name: inventory/secrets-2026.sops.yaml",
    "key: sha256:0f5b7c1d9e3a2b4c6d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e",
    "password: correct horse battery staple",
    "const tokenPattern = /^[A-Za-z0-9]{20,40}$/;",
    "public_key: AAAAC3NzaC1lZDI1NTE5AAAAIJ1w7V3mXk2o0Yp7hQ9c4r8t6u5v3w2x1y0z",
    "password: ENC[AES256_GCM,data:8CvE,iv:tjchf/lmMpXDOA1tLE/N4oY9IqJIzfQ/7NlvQlDUtoA=,tag:1aFCHIRp3j/VPNcCEsE95A==,type:str]",
  ]) {
    assert.deepEqual(secretsIn(`${line}\n`), [], line);
  }
});

test("line, commit and path are right; branches, merges and messages are seen", async () => {
  const { git, write, commit, scan } = aRepository();
  write("a dir/ü.txt", "one\ntwo\nthree\n");
  commit("first");
  git("checkout", "-q", "-b", "side");
  write("a dir/ü.txt", `one\n2\n${aToken()}\nthree\n`);
  const onSide = commit("side");
  git("checkout", "-q", "main");
  write("other.txt", "o\n");
  const inMessage = commit(`message\n\nuse ${aToken()}`);
  git("merge", "-q", "--no-commit", "--no-ff", "side");
  write("evil.txt", `${aToken()}\n`);
  const merge = commit("merge");
  write("a dir/ü.txt", "clean\n");
  write("evil.txt", "clean\n");
  commit("clean");
  const { findings } = await scan();
  const places = findings.map((each: SecretFinding) => [each.commit, each.path, each.line]);
  assert.deepEqual(
    new Set(places.map(String)),
    new Set([String([onSide, "a dir/ü.txt", 3]), String([inMessage, "(message)", 3]), String([merge, "evil.txt", 1])]),
  );
});

test("no place is lost where git's output is cut into blocks", async () => {
  const { write, commit, scan } = aRepository();
  const wanted = new Set<string>();
  for (let at = 0; at < 300; at += 1) {
    const before = at % 7;
    write(`f/${at}.txt`, `${`+++ b/not/a/header ${"-".repeat(290)}\n`.repeat(before)}${aToken()}\n${aPrivateKey()}\n`);
    wanted.add(`f/${at}.txt:${before + 1}`).add(`f/${at}.txt:${before + 2}`);
  }
  commit("add");
  const { findings, bytes } = await scan();
  assert.ok(bytes > 300_000, "several blocks");
  const found = findings.filter(({ commit: id }) => id !== undefined).map(({ path, line }) => `${path}:${line}`);
  assert.deepEqual(new Set(found), wanted);
});

test("attributes of the repository cannot hide a file, nor a link lead out of it", async () => {
  const { folder, write, commit, scan } = aRepository();
  write(".gitattributes", "* -diff\n*.txt binary\n");
  write("hidden.txt", `${aToken()}\n`);
  write("outside/x", "");
  const target = join(room, "outside.txt");
  writeFileSync(target, `${aToken()}\n`);
  symlinkSync(target, join(folder, "link.txt"));
  commit("add");
  const { findings } = await scan();
  assert.deepEqual(findings.map(({ path, commit: id }) => [path, id === undefined]).sort(byText), [
    ["hidden.txt", false],
    ["hidden.txt", true],
  ]);
});

test("decrypted twins are found by their names, in tree and history, and the example file is not one", async () => {
  const { write, commit, scan } = aRepository();
  const person = await aPerson();
  const plain = "db:\n  password: hunter2hunter\n  user: app-user\nmail:\n  password: mellon-mellon\n";
  write("inventory/secrets.sops.yaml", await aFile({ path: "s.yaml", plain, people: [person] }));
  write("inventory/secrets.example.yaml", "db:\n  password: change me\n  user: <name>\nmail:\n  password: example\n");
  commit("encrypted");
  assert.deepEqual((await scan()).findings, []);
  write("tmp/copy.json", '{"db": {"password": "otherwise-set", "user": "someone"}, "mail": {"password": "x"}}');
  const twin = commit("oops");
  write("tmp/copy.json", "{}");
  write("s.dec.yaml", plain);
  commit("again");
  const { findings } = await scan();
  assert.deepEqual(
    findings
      .filter(({ commit: id }) => id === undefined || id === twin)
      .map(({ rule, path }) => [rule, path])
      .sort(byText),
    [
      ["decrypted-twin", "s.dec.yaml"],
      ["decrypted-twin", "tmp/copy.json"],
    ],
  );
});

test("a secrets file that was once committed in clear is its own twin", async () => {
  const { write, commit, scan } = aRepository();
  const person = await aPerson();
  const plain = "one: correct horse battery\n";
  write("s.sops.yaml", plain);
  const first = commit("in clear");
  write("s.sops.yaml", await aFile({ path: "s.yaml", plain, people: [person] }));
  commit("encrypted");
  const { findings } = await scan();
  assert.deepEqual(
    findings.map(({ rule, path, commit: id }) => [rule, path, id]),
    [["decrypted-twin", "s.sops.yaml", first]],
  );
});

test("known values are found in every spelling", async () => {
  const value = 'pa/ss "wörd"+\\ 42';
  const values = [new Sensitive(value), new Sensitive("short"), new Sensitive("4242424242")];
  const spellings = {
    clear: value,
    json: JSON.stringify({ a: value }),
    url: `x?p=${encodeURIComponent(value)}`,
    form: new URLSearchParams({ p: value }).toString().replaceAll("*", "%2A"),
    hex: Buffer.from(value).toString("hex"),
    base64: Buffer.from(value).toString("base64"),
    inside1: Buffer.from(`a${value}z`).toString("base64"),
    inside2: Buffer.from(`ab${value}z`).toString("base64"),
    base64url: Buffer.from(`user:${value}`).toString("base64url"),
  };
  const { write, commit, scan } = aRepository();
  for (const [name, text] of Object.entries(spellings)) write(name, `before ${text} after\n`);
  write("innocent", "short 4242424242\n");
  commit("add");
  const { findings } = await scan({ values, isHistoryIncluded: false });
  assert.deepEqual(
    findings.map(({ path, rule }) => [path, rule]).sort(byText),
    Object.keys(spellings)
      .sort(byText)
      .map((path) => [path, "secret-in-clear"]),
  );
});

const waivers = (reason: string, expires: string): string =>
  `format: 1\nwaivers:\n  - fingerprint: b.txt:github-token:1\n    reason: ${reason}\n    expires: ${expires}\n`;

test("waivers need a reason and an expiry, and count until it", async () => {
  const { write, commit, scan } = aRepository();
  const inline = "# demesne: allow-secret made up for this test until";
  write(
    "a.txt",
    `${aToken()} ${inline} 2026-11-21\n${aToken()} ${inline} 2026-11-20\n${aToken()} # demesne: allow-secret\n`,
  );
  write("b.txt", `${aToken()}\n`);
  commit("add");
  const baseline = parseBaseline(waivers("looked at, made up", "2027-01-01"), "b");
  const { findings, waived } = await scan({ isHistoryIncluded: false, baseline });
  assert.deepEqual(
    findings.map(({ fingerprint }) => fingerprint),
    ["a.txt:github-token:2", "a.txt:github-token:3"],
  );
  assert.deepEqual(
    waived.map(({ fingerprint }) => fingerprint),
    ["a.txt:github-token:1", "b.txt:github-token:1"],
  );
  assert.throws(() => parseBaseline(waivers("short", "2027-01-01"), "b"), /waivers\/0\/reason/);
  assert.throws(() => parseBaseline(waivers("looked at, made up", "some day"), "b"), /waivers\/0\/expires/);
});

test("SARIF names every finding and holds no secret", async () => {
  const { write, commit, scan } = aRepository();
  const token = aToken();
  write("a b.txt", `x\n${token}\n`);
  const id = commit("add");
  const { findings } = await scan();
  const text = JSON.stringify(sarif(findings, "1.2.3"));
  assert.ok(!text.includes(token.slice(4, 20)));
  assert.match(text, new RegExp(`added by commit ${id}`));
  assert.match(text, /"uri":"a%20b.txt"},"region":{"startLine":2}/);
});

test("this repository and its history are clean", async () => {
  const folder = new URL("../..", import.meta.url).pathname;
  const baselineText = new URL("../../test/cases/secrets/scan-baseline.yaml", import.meta.url);
  const baseline = parseBaseline(readFileSync(baselineText, "utf8"), "scan-baseline.yaml");
  const { findings } = await scanForSecrets(clock, { folder, isHistoryIncluded: true, baseline });
  assert.deepEqual(
    findings.map(({ fingerprint }) => fingerprint),
    [],
  );
});
