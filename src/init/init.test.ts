// A new estate, written into folders made here: whole, its own again after any stop, and never over anything else.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { loadEstate, openSecrets } from "../estate/index.ts";
import { Answers, initEstate, openQuestions, PLACEHOLDER, readDocuments, staleSchemas } from "./index.ts";

const room = mkdtempSync(join(tmpdir(), "demesne-init-"));
after(() => rmSync(room, { recursive: true }));

const NOW = Date.parse("2026-11-21T12:00:00Z");
const KEY = `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), randomBytes(32)]).toString("base64")}`;
const FULL = {
  name: "harbour",
  domain: "harbour.example",
  address: "198.51.100.7",
  os: "ubuntu-24.04",
  user: "deploy",
  hostKey: KEY,
  from: "198.51.100.0/24",
  publicKey: KEY,
} as const;
const home = join(room, "home");
const signal = AbortSignal.timeout(300_000);
const effects = {
  clock: { now: () => NOW },
  random: { bytes: (size: number) => randomBytes(size) },
  env: { HOME: home },
  progress: { step: () => {}, detail: () => {} },
  signal,
};
const full = async (): Promise<Answers> => Answers.parse(FULL);
let folders = 0;

function fresh(): string {
  folders += 1;
  return join(room, `estate-${folders}`);
}

async function init(folder: string, given: object = { name: "harbour" }) {
  const answers = async () => Answers.parse(given);
  return await initEstate(effects, { folder, answers, version: "0.0.0", node: process.execPath });
}

/** Text of every file by its path, git's own left out. */
function filesOf(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const own = paths.map((path) => path.slice(folder.length + 1)).filter((path) => !path.startsWith(".git/"));
  return new Map(own.sort().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

type Rewriting = readonly [from: RegExp | string, to: string];

function rewrite(path: string, [from, to]: Rewriting): void {
  const text = readFileSync(path, "utf8");
  const now = text.replace(from, to);
  assert.notEqual(now, text, path);
  writeFileSync(path, now);
}

function git(folder: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
}

const SECRETS = "inventory/secrets.sops.yaml";
const whole = fresh();
const first = await init(whole);

describe("a new estate", () => {
  test("is read, as the profile and the host that were asked for", async () => {
    const estate = await loadEstate(whole, { signal, clock: effects.clock });
    assert.equal(estate.name, "harbour");
    assert.equal(estate.profile, "cloud");
    assert.deepEqual(
      estate.hosts.map(({ id, state }) => [id, state]),
      [
        ["control", "live"],
        ["gpu", "dormant"],
      ],
    );
    assert.deepEqual(
      estate.services.map(({ name, state }) => [name, state]),
      [
        ["embeddings", "live"],
        ["gateway", "live"],
        ["open-webui", "live"],
        ["presidio", "live"],
        ["vllm", "dormant"],
      ],
    );
  });

  test("airgapped: the local model and its host are live, and it is read", async () => {
    const folder = fresh();
    await init(folder, { ...FULL, profile: "airgapped" });
    const estate = await loadEstate(folder, { signal, clock: effects.clock });
    assert.equal(estate.profile, "airgapped");
    assert.ok([...estate.hosts, ...estate.services].every(({ state }) => state === "live"));
  });

  test("the local model in its comments is one that can be switched on", async () => {
    const folder = fresh();
    await init(folder);
    rewrite(join(folder, "estate.yaml"), [/^( +)# (local|fallback): /gm, "$1$2: "]);
    const live: Rewriting = ["state: dormant", "state: live"];
    for (const path of ["inventory/hosts.yaml", "services/vllm/service.yaml"]) rewrite(join(folder, path), live);
    const { seam } = await loadEstate(folder, { signal, clock: effects.clock });
    assert.deepEqual([seam.model.fallback, seam.model.local?.service], ["own", "vllm"]);
  });

  test("is one commit of everything, with nothing left over", () => {
    assert.equal(first.repository, "committed");
    assert.equal(git(whole, "status", "--porcelain", "--ignored"), "");
    assert.equal(git(whole, "rev-list", "--count", "HEAD"), "1");
    assert.deepEqual(git(whole, "ls-files").split("\n").sort(), [...filesOf(whole).keys()].sort());
    assert.equal(
      git(whole, "log", "-1", "--format=%ae"),
      git(whole, "config", "--default", "operator@harbour.example", "user.email"),
    );
  });

  test("each answer stands in its place, and its mark is gone", async () => {
    const folder = fresh();
    await init(folder, FULL);
    const estate = await loadEstate(folder, { signal, clock: effects.clock });
    const [control] = estate.hosts;
    assert.partialDeepStrictEqual(control, { address: FULL.address, os: FULL.os, user: FULL.user, hostKeys: [KEY] });
    assert.deepEqual(control?.open[0]?.from, [FULL.from]);
    assert.deepEqual(
      estate.accounts.map(({ name, keys }) => [name, keys]),
      [[FULL.user, [KEY]]],
    );
    assert.equal(estate.contacts.operator, "operator@harbour.example");
    assert.deepEqual(estate.services.find(({ name }) => name === "vllm")?.ports[0]?.open?.from, [`${FULL.address}/32`]);
    const left = [...filesOf(folder)].filter(
      ([path, text]) => !/^\.(demesne|claude)\//.test(path) && /\b(estate\.example|192\.0\.2\.10|ops@)/.test(text),
    );
    assert.deepEqual(
      left.map(([path]) => path),
      [],
    );
    const open = await questions(folder, "estate.yaml", "inventory/hosts.yaml");
    assert.deepEqual(
      open.filter((each) => !each.includes("GPU")),
      [
        "its IPv6 address, if it has one",
        "its IPv6 address; take the line out if it has none",
        "its host key",
        "the networks that you come from, and the control host",
      ],
    );
  });

  test("a waiver runs for a year from the day it was written", async () => {
    const { waivers } = await loadEstate(whole, { signal, clock: effects.clock });
    assert.deepEqual([...new Set(waivers.map(({ until }) => until))], ["2027-11-21"]);
  });

  test("every YAML file names in its first line a schema that is there, but the encrypted one", () => {
    const yaml = [...filesOf(whole)].filter(([path]) => /\.ya?ml$/.test(path) && path !== SECRETS);
    assert.ok(yaml.length > 10);
    for (const [path, text] of yaml) {
      const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? "";
      assert.notEqual(named, "", path);
      if (named.startsWith("https://")) continue;
      const schema: unknown = JSON.parse(readFileSync(join(whole, dirname(path), named), "utf8"));
      assert.equal(typeof schema, "object", path);
    }
  });
});

describe("its secrets", () => {
  test("are encrypted to an identity that was made once, and that nobody else can read", async () => {
    const file = join(home, ".config/sops/age/keys.txt");
    assert.equal(first.identity?.madeAt, file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
    const before = readFileSync(file, "utf8");
    const second = await init(fresh());
    assert.equal(second.identity?.madeAt, undefined);
    assert.equal(second.identity?.recipient, first.identity.recipient);
    assert.equal(readFileSync(file, "utf8"), before);
    assert.match(before, /^AGE-SECRET-KEY-PQ-1/m);
    assert.ok(![...filesOf(whole).values()].some((text) => /AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]{30}/.test(text)));
  });

  test("open, each made as its example says, and none twice", async () => {
    const estate = await loadEstate(whole, { signal, clock: effects.clock });
    const opened = await openSecrets(estate, { signal, env: { HOME: home } });
    const forms = {
      "hex-32": /^[0-9a-f]{64}$/,
      "base64-32": /^[A-Za-z0-9+/]{43}=$/,
      "virtual-key": /^sk-[0-9a-f]{48}$/,
      provided: new RegExp(`^${PLACEHOLDER}`),
    };
    const values = estate.secretRefs.map(({ name, generate }) => {
      const value = opened.get(name).unwrap();
      assert.match(value, forms[generate], name);
      return value;
    });
    assert.equal(new Set(values).size, values.length);
  });

  test("an identity file that is named and not there is refused before another one is made", async () => {
    const env = { HOME: join(room, "other"), SOPS_AGE_KEY_FILE: join(room, "nowhere") };
    const request = { folder: fresh(), answers: full, version: "0", node: process.execPath };
    await assert.rejects(initEstate({ ...effects, env }, request), { code: "secret", where: join(room, "nowhere") });
  });
});

describe("a run that was stopped", () => {
  const note = JSON.parse(readFileSync(join(whole, ".demesne/init.json"), "utf8"));
  const unfinished = `${JSON.stringify({ ...note, isFinished: false }, null, 2)}\n`;
  const order = [".demesne/init.json", ...first.written];

  /** What stands when a run is stopped after so many files, while the next one is being written. */
  function stoppedAfter(count: number): string {
    const folder = fresh();
    for (const path of order.slice(0, count)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(join(whole, path), join(folder, path));
    }
    if (count > 0) writeFileSync(join(folder, ".demesne/init.json"), unfinished);
    mkdirSync(join(folder, ".demesne/init.new"), { recursive: true });
    writeFileSync(join(folder, ".demesne/init.new/file"), "half a fi");
    return folder;
  }

  // Every third of them, and the first and last ones: each is a whole run.
  const cuts = [...order.keys(), order.length].filter((at) => at % 3 === 0 || at < 3 || at > order.length - 3);

  test("goes on at any file, without asking again, and ends with the same estate", async () => {
    const wanted = filesOf(whole);
    for (const count of cuts) {
      const folder = stoppedAfter(count);
      const done = await initEstate(effects, {
        folder,
        answers: async () => (count === 0 ? Answers.parse({ name: "harbour" }) : assert.fail("asked again")),
        version: "0.0.0",
        node: process.execPath,
      });
      const found = filesOf(folder);
      assert.ok(found.has(SECRETS));
      // Made up anew where the run was stopped before they were written.
      if (count < order.length) found.set(SECRETS, wanted.get(SECRETS) ?? "");
      assert.deepEqual(found, wanted, `after ${count} files`);
      assert.equal(done.kind, count === 0 ? "new" : "continued");
      assert.equal(done.kept.length, Math.max(0, count - 1));
      assert.equal(git(folder, "status", "--porcelain"), "");
      rmSync(folder, { recursive: true });
    }
  });

  test("leaves a file that a person has changed", async () => {
    const folder = stoppedAfter(order.length - 5);
    const path = join(folder, "estate.yaml");
    const changed = readFileSync(path, "utf8").replace("chatDays: 30", "chatDays: 14");
    writeFileSync(path, changed);
    writeFileSync(join(folder, "notes.md"), "mine\n");
    await init(folder);
    assert.equal(readFileSync(path, "utf8"), changed);
    assert.equal(readFileSync(join(folder, "notes.md"), "utf8"), "mine\n");
  });

  test("that had only its commit to make makes it, and no other afterwards", async () => {
    const folder = fresh();
    cpSync(whole, folder, { recursive: true });
    rmSync(join(folder, ".git"), { recursive: true });
    assert.partialDeepStrictEqual(await init(folder), { kind: "renewed", repository: "committed", written: [] });
    assert.partialDeepStrictEqual(await init(folder), { kind: "renewed", repository: "there", written: [] });
    assert.equal(git(folder, "rev-list", "--count", "HEAD"), "1");
  });
});

describe("what is there already", () => {
  const cases: [string, (folder: string) => void, RegExp][] = [
    ["a file", (folder) => writeFileSync(join(folder, "notes.md"), "mine"), /is not empty: notes\.md is there/],
    ["an estate", (folder) => writeFileSync(join(folder, "estate.yaml"), "name: other"), /holds an estate already/],
    [
      "approvals of another one",
      (folder) => mkdirSync(join(folder, ".demesne/approvals"), { recursive: true }),
      /is not empty: \.demesne/,
    ],
    [
      "a note that is none",
      (folder) => {
        mkdirSync(join(folder, ".demesne"));
        writeFileSync(join(folder, ".demesne/init.json"), "{}");
      },
      /is not what init writes/,
    ],
  ];
  for (const [name, make, told] of cases) {
    test(`${name}: refused, and nothing is written`, async () => {
      const folder = fresh();
      mkdirSync(folder);
      make(folder);
      const before = filesOf(folder);
      await assert.rejects(init(folder), (error: Error) => told.test(error.message) && "fix" in error);
      assert.deepEqual(filesOf(folder), before);
    });
  }

  test("a file where the folder should be is refused", async () => {
    const folder = fresh();
    writeFileSync(folder, "");
    await assert.rejects(init(folder), { code: "refused" });
  });

  test("a repository without files is filled; one above gets no repository inside it", async () => {
    const empty = fresh();
    execFileSync("git", ["init", "-q", empty]);
    assert.equal((await init(empty)).repository, "committed");
    const above = fresh();
    execFileSync("git", ["init", "-q", above]);
    assert.equal((await init(join(above, "estates/one"))).repository, "there");
    assert.ok(!readdirSync(join(above, "estates/one")).includes(".git"));
  });

  test("a finished estate is its operator's: only the schemas are written anew", async () => {
    const folder = fresh();
    cpSync(whole, folder, { recursive: true });
    rmSync(join(folder, "services/open-webui"), { recursive: true });
    writeFileSync(join(folder, ".demesne/schema/estate.json"), "{}");
    assert.deepEqual(await staleSchemas(folder), [".demesne/schema/estate.json"]);
    const done = await init(folder);
    assert.deepEqual(done.written, [".demesne/schema/estate.json"]);
    assert.deepEqual(await staleSchemas(folder), []);
    assert.ok(!readdirSync(join(folder, "services")).includes("open-webui"));
  });

  test("a link that stands at a file's place is not followed", async () => {
    const folder = fresh();
    await init(folder);
    writeFileSync(
      join(folder, ".demesne/init.json"),
      JSON.stringify({ ...JSON.parse(readFileSync(join(folder, ".demesne/init.json"), "utf8")), isFinished: false }),
    );
    const outside = join(room, "outside");
    rmSync(join(folder, "CLAUDE.md"));
    symlinkSync(outside, join(folder, "CLAUDE.md"));
    await init(folder);
    assert.throws(() => readFileSync(outside));
  });
});

describe("what is missing on this machine", () => {
  test("without git nothing is begun", async () => {
    const folder = fresh();
    const { PATH } = process.env;
    process.env["PATH"] = room;
    try {
      await assert.rejects(init(folder), { code: "prerequisite", where: "git" });
    } finally {
      process.env["PATH"] = PATH;
    }
    assert.throws(() => readdirSync(folder));
  });

  test("without a Node for the guard nothing is begun", async () => {
    const folder = fresh();
    const request = { folder, answers: full, version: "0", node: join(room, "nowhere") };
    await assert.rejects(initEstate(effects, request), { code: "prerequisite" });
    assert.throws(() => readdirSync(folder));
  });

  test(
    "a folder that cannot be written is told",
    { skip: process.getuid?.() === 0 ? "root may write anywhere" : false },
    async () => {
      const folder = fresh();
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      await assert.rejects(init(folder), { code: "failed" });
    },
  );
});

async function questions(folder: string, ...files: readonly string[]): Promise<string[]> {
  return openQuestions(await readDocuments(folder))
    .filter(({ file }) => files.includes(file))
    .map(({ question }) => question);
}
