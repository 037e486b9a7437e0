// Doctor as an operator runs it: the real command line over an estate that init wrote, broken in one way at a time.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";

const main = new URL("../cli/main.ts", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-doctor-"));
after(() => rmSync(room, { recursive: true }));
const home = join(room, "home");
const bin = join(room, "bin");
const keys = join(home, ".config/sops/age/keys.txt");
const whole = join(room, "whole");
let copies = 0;

const Told = z.object({
  sections: z.array(
    z.object({
      about: z.string(),
      findings: z.array(
        z.object({ level: z.string(), subject: z.string(), what: z.string(), fix: z.string().optional() }),
      ),
    }),
  ),
});

function demesne(args: readonly string[], env: Record<string, string> = {}) {
  const given = { PATH: `${bin}:${process.env["PATH"]}`, HOME: home, ...env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: room,
    env: given,
    timeout: 60_000,
  });
  return { status, out: stdout.toString(), err: stderr.toString() };
}

before(() => {
  mkdirSync(bin);
  program("claude", "echo '2.1.300 (Claude Code)'");
  const made = demesne(["init", whole, "--yes", "--node", process.execPath]);
  assert.equal(made.status, 0, made.err);
});

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

function copy(): { readonly folder: string; readonly write: (path: string, text: string) => void } {
  copies += 1;
  const folder = join(room, `copy-${copies}`);
  cpSync(whole, folder, { recursive: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  return { folder, write };
}

/** The findings about the estate that are not as they should be, less those of every new estate. */
function found(
  folder: string,
  env: Record<string, string> = {},
): { readonly status: number | null; readonly told: string[] } {
  const { status, out, err } = demesne(["doctor", folder, "--json"], env);
  assert.equal(err, "");
  const [machine, estate] = Told.parse(JSON.parse(out)).sections;
  const all = [
    ...(machine?.findings.filter(({ subject }) => subject === "age identity") ?? []),
    ...(estate?.findings ?? []),
  ];
  const told = all
    .filter(({ level }) => level !== "ok")
    .map(({ level, subject, what, fix }) => {
      assert.ok(fix);
      return `${level} ${subject}: ${what}`;
    });
  return { status, told: told.filter((line) => !USUAL.some((each) => each.test(line))) };
}

const USUAL = [
  /^warning secrets: gateway\/upstream_key is still init's placeholder$/,
  /^warning secrets: .*recipients are not signed/,
  /^warning recipients: one identity alone/,
  /^warning git: the repository has no remote/,
];

test("a new estate: warnings that its operator must settle, no error, and nothing is changed", () => {
  const then = statSync(join(whole, "estate.yaml")).mtimeMs;
  const { status, out } = demesne(["doctor", whole]);
  assert.equal(status, 0, out);
  for (const line of USUAL)
    assert.match(
      out.replaceAll(/^ +(\w+) +/gm, "$1 ").replaceAll(/\n {2,}(?!fix)/g, " "),
      new RegExp(line.source.replaceAll(/[$^]/g, "")),
    );
  assert.match(out, /^no host was asked: demesne doctor --host control\n0 errors, 4 warnings, \d+ notes, \d+ ok$/m);
  assert.equal(demesne(["doctor", whole, "--strict"]).status, 10);
  assert.equal(statSync(join(whole, "estate.yaml")).mtimeMs, then);
  assert.equal(execFileSync("git", ["-C", whole, "status", "--porcelain"], { encoding: "utf8" }), "");
  assert.deepEqual(found(whole), { status: 0, told: [] });
});

describe("each thing that is wrong is told with its fix", () => {
  const cases: [string, (estate: ReturnType<typeof copy>) => void, number, RegExp][] = [
    ["a file that is wrong", ({ write }) => write("estate.yaml", "name: 1\n"), 10, /^error files: estate\.yaml/],
    [
      "a schema that was edited",
      ({ write }) => write(".demesne/schema/hosts.json", "{}"),
      0,
      /^warning schemas: \.demesne\/schema\/hosts\.json/,
    ],
    [
      "no secrets",
      ({ folder }) => rmSync(join(folder, "inventory/secrets.sops.yaml")),
      10,
      /^error secrets: .* is not there$/,
    ],
    [
      "secrets that were changed",
      ({ folder, write }) => {
        const file = "inventory/secrets.sops.yaml";
        const text = readFileSync(join(folder, file), "utf8");
        write(
          file,
          text.replace(/data:(.)/, (_, letter: string) => `data:${letter === "A" ? "B" : "A"}`),
        );
      },
      10,
      /^error secrets: /,
    ],
    [
      "a hook that was changed",
      ({ write }) => write(".claude/hooks/guard.cjs", "process.exit(0)"),
      10,
      /^error guardrails: .*guard\.cjs: is not what/,
    ],
    [
      "no guardrails",
      ({ folder }) => rmSync(join(folder, ".claude"), { recursive: true }),
      0,
      /^warning guardrails: .*no guard in this estate/,
    ],
    [
      "hooks that are switched off",
      ({ write }) => write(".claude/settings.local.json", '{ "disableAllHooks": true }'),
      10,
      /^error guardrails: .*switches all hooks off/,
    ],
    [
      "no repository",
      ({ folder }) => rmSync(join(folder, ".git"), { recursive: true }),
      10,
      /^error git: .*no repository/,
    ],
  ];
  for (const [name, make, status, told] of cases) {
    test(name, () => {
      const estate = copy();
      make(estate);
      const seen = found(estate.folder);
      assert.ok(
        seen.told.some((line) => told.test(line)),
        seen.told.join("\n"),
      );
      assert.equal(seen.status, status, seen.told.join("\n"));
    });
  }

  test("a clock behind the newest commit", () => {
    const { folder } = copy();
    const date = new Date(Date.now() + 3_600_000).toISOString();
    const env = { ...process.env, GIT_COMMITTER_DATE: date };
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    execFileSync("git", ["-C", folder, ...who, "commit", "-q", "--allow-empty", "-m", "later"], { env });
    const { status, told } = found(folder);
    assert.match(told.join("\n"), /^error clock: is (59|60) minutes behind the newest commit$/);
    assert.equal(status, 10);
  });

  test("an identity that others can read, one that does not fit, and none", () => {
    chmodSync(keys, 0o640);
    const open = found(whole);
    chmodSync(keys, 0o600);
    assert.deepEqual(open, { status: 10, told: [`error age identity: ${keys} has mode 0640, should have 0600`] });
    const other = join(room, "other");
    assert.equal(demesne(["init", join(room, "elsewhere"), "--yes"], { HOME: other }).status, 0);
    const strange = found(whole, { HOME: other });
    assert.match(strange.told.join("\n"), /^error secrets: /m);
    const none = found(whole, { HOME: room });
    assert.match(none.told.join("\n"), /^error age identity: there is none/m);
    assert.equal(none.status, 10);
  });

  test("a client that lets calls pass", () => {
    program("claude", "echo '2.1.100 (Claude Code)'");
    const { status, told } = found(whole);
    program("claude", "echo '2.1.300 (Claude Code)'");
    assert.match(told.join("\n"), /^error guardrails: claude: is 2\.1\.100/);
    assert.equal(status, 10);
  });

  test("an estate inside a larger repository", () => {
    const above = join(room, "above");
    execFileSync("git", ["init", "-q", above]);
    const made = demesne(["init", join(above, "one"), "--yes", "--node", process.execPath]);
    assert.equal(made.status, 0, made.err);
    assert.match(found(join(above, "one")).told.join("\n"), /^warning guardrails: the repository begins above/m);
  });

  test("a program that is missing on this machine", () => {
    const only = join(room, "only-git");
    mkdirSync(only);
    const { status, out } = demesne(["doctor", room, "--json"], { PATH: only });
    const [machine] = Told.parse(JSON.parse(out)).sections;
    const errors = machine?.findings.filter(({ level }) => level === "error").map(({ subject }) => subject);
    assert.deepEqual(errors, ["git", "ssh", "ssh-keygen", "python3"]);
    assert.equal(status, 10);
  });
});

test("a host that does not answer is told with its fix, and its code is 6", () => {
  const { folder, write } = copy();
  const hosts = readFileSync(join(folder, "inventory/hosts.yaml"), "utf8");
  write(
    "inventory/hosts.yaml",
    hosts
      .replace("    address: 192.0.2.10 ", "    address: 127.0.0.1 ")
      .replace(/port: 22\n([^]*?)port: 22\n/, "port: 1\n$1port: 1\n"),
  );
  const { status, out } = demesne(["doctor", folder, "--host", "control"]);
  assert.match(
    out,
    /^host control\n {2}error {4}connection: .*cannot connect to ops@127\.0\.0\.1 port 1:[^]*\n +fix: check that the host is up/m,
  );
  assert.equal(status, 6);
});

test("a host of an estate that cannot be read is not asked, and the rest is told", () => {
  const { folder, write } = copy();
  write("estate.yaml", "name: 1\n");
  const { status, out } = demesne(["doctor", folder, "--host", "control"]);
  assert.match(out, /^host control\n {2}error {4}connection: was not tried$/m);
  assert.match(out, /^ {2}error {4}files: estate\.yaml/m);
  assert.equal(status, 10);
});

test("a host is asked for where there is no estate: refused", () => {
  const { status, err } = demesne(["doctor", room, "--host", "control"]);
  assert.equal(status, 4);
  assert.match(err, /holds no estate\.yaml.*\nfix: /);
});
