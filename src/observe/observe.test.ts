import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- a fake is for tests, and stands behind no front door
import { fakeHost, type FakeAnswer } from "../host/fake-host.ts";
import type { Host } from "../host/index.ts";
import { run } from "../lib/run.ts";
import { resource } from "../resources/index.ts";
import { observe } from "./index.ts";

const skip = process.getuid?.() === 0 ? false : "a look needs root";
const folder = await mkdtemp(join(tmpdir(), "observe-"));
after(async () => await rm(folder, { recursive: true }));

/** The interpreter itself: a wrapper in front of it may take longer than the look. */
const python = (await run(["python3", "-c", "import sys; print(sys.executable)"], { timeoutMs: 20_000 })).stdout.trim();

/** This machine, as a host. Its notes are elsewhere, so that a Demesne that manages it does not matter. */
const here: Host = {
  id: "here",
  run: async ([, ...words], options) =>
    await run([python, ...words], { ...options, input: options.input?.replaceAll("/var/lib/demesne", folder) }),
};

const file = (name: string, content: string) => resource("file", "test", { path: join(folder, name), content });

describe("a look at this machine", { skip }, () => {
  test("tells what is, what is not and what cannot be seen", async () => {
    await writeFile(join(folder, "a"), "hello\n", { mode: 0o644 });
    const wanted = [
      file("a", "hello\n"),
      file("nowhere", ""),
      resource("directory", "test", { path: folder }),
      resource("package", "test", { name: "dpkg" }),
      resource("group", "test", { name: "root" }),
      resource("check", "test", { name: "nothing", argv: ["rm", "-rf", "/nowhere"], lines: ["x"], fix: "x" }),
    ];
    const { host, resources, owned } = await observe(here, wanted);
    assert.match(host.os, /^[a-z]+-[\d.]+$/);
    assert.match(host.machineId, /^[0-9a-f]{32}$/);
    assert.deepEqual(owned, []);
    const observedOf = (ref: string) => {
      const found = resources.get(ref) ?? assert.fail(ref);
      return "observed" in found ? found.observed : found;
    };
    assert.partialDeepStrictEqual(observedOf(`file:${folder}/a`), { type: "file", mode: "0644", content: "hello\n" });
    assert.partialDeepStrictEqual(observedOf(`file:${folder}/nowhere`), { type: "absent" });
    assert.partialDeepStrictEqual(observedOf(`directory:${folder}`), { type: "directory", mode: "0700" });
    assert.partialDeepStrictEqual(observedOf("package:dpkg"), { state: "installed" });
    assert.deepEqual(observedOf("group:root"), { present: true, gid: 0 });
    assert.deepEqual(observedOf("check:nothing"), { unobservable: "rm -rf is not a command that the probe may run" });
  });

  test("has the same fingerprint until something changes", async () => {
    const wanted = [file("b", ""), file("c", "")];
    await writeFile(join(folder, "b"), "one");
    const before = await observe(here, wanted);
    assert.equal((await observe(here, wanted.toReversed())).fingerprint, before.fingerprint);
    await writeFile(join(folder, "b"), "two");
    const changed = await observe(here, wanted);
    assert.notEqual(changed.fingerprint, before.fingerprint);
    await writeFile(join(folder, "applied.jsonl"), "{}\n");
    assert.notEqual((await observe(here, wanted)).fingerprint, changed.fingerprint);
    await rm(join(folder, "applied.jsonl"));
  });

  test("sees what is owned and no longer wanted, without its text", async () => {
    await writeFile(join(folder, "d"), "canary");
    const ref = `file:${folder}/d` as const;
    const entry = { ref, probe: [{ ask: "stat", path: join(folder, "d") }] };
    await writeFile(join(folder, "owned.json"), JSON.stringify({ format: 1, owned: [entry] }));
    const look = await observe(here, []);
    await rm(join(folder, "owned.json"));
    assert.deepEqual([...look.resources.keys()], [ref]);
    assert.doesNotMatch(JSON.stringify([...look.resources]), /canary/);
    assert.partialDeepStrictEqual(look.resources.get(ref), { observed: { type: "file" } });
  });

  test("leaves nothing behind", async () => {
    const before = await readdir(folder);
    await observe(here, [file("a", ""), resource("package", "test", { name: "dpkg" })]);
    assert.deepEqual(await readdir(folder), before);
  });
});

test("the key and the questions are in the program's input, not among its words", async () => {
  const host = fakeHost("fake", { python3: { status: 1 } });
  const secretKey = Buffer.from("a key of thirty-two bytes, really");
  await assert.rejects(observe(host, [file("a", "")], { secretKey }));
  assert.deepEqual(
    host.asked.map((each) => each.argv),
    [["python3", "-I", "-S", "-B", "-"]],
  );
  assert.ok(host.asked[0]?.input.includes(secretKey.toString("base64")));
});

const machine = {
  machineId: "0".repeat(32),
  os: 'ID=debian\nVERSION_ID="13"\n',
  python: "3.13.5",
  root: true,
  cameFrom: "",
};
const whole = { format: 1, host: machine, owned: [], ownedBroken: null, applied: "", answers: [] };

/** Answers with the nonce that the program was given, and with noise around it. */
const saying =
  (json: unknown): FakeAnswer =>
  ({ input }) => {
    const nonce = /\\"nonce\\":\\"([0-9a-f]+)\\"/.exec(input)?.[1] ?? assert.fail("no nonce");
    return `Welcome to this host!\n${nonce}${typeof json === "string" ? json : JSON.stringify(json)}${nonce}\nbye\n`;
  };

test("noise of a login does not disturb, and what was not answered is unobservable", async () => {
  const { host, resources } = await observe(fakeHost("fake", { python3: saying(whole) }), [file("a", "")]);
  assert.equal(host.os, "debian-13");
  assert.deepEqual(resources.get(`file:${folder}/a`), { unobservable: "the probe was not asked" });
});

describe("no look is a Problem that says why:", () => {
  const cases: Readonly<Record<string, readonly [FakeAnswer, string, RegExp]>> = {
    "no Python, as a shell says it": [
      { status: 127, stderr: "bash: line 1: python3: command not found\n" },
      "prerequisite",
      /no python3/,
    ],
    "no Python, as sudo says it": [
      { status: 1, stderr: "sudo: python3: command not found\n" },
      "prerequisite",
      /no python3/,
    ],
    "a program that breaks": [
      {
        status: 1,
        stderr: "Traceback (most recent call last):\nFileNotFoundError: [Errno 2] No such file or directory: 'x'\n",
      },
      "failed",
      /ended with 1 .*FileNotFoundError/,
    ],
    "a program that is killed": [{ status: null }, "failed", /ended with a signal/],
    "an answer without its marks": ["hello", "failed", /ended with 0 and no answer/],
    "an answer that is cut off": [saying('{"format":1,'), "failed", /form that is not known/],
    "an answer of another form": [saying({ ...whole, format: 2 }), "failed", /form that is not known/],
    "notes with a question of another form": [
      saying({ ...whole, owned: [{ ref: "file:/a", probe: [{ ask: "write" }] }] }),
      "failed",
      /form that is not known/,
    ],
    "notes of a newer version": [
      saying({ ...whole, owned: [{ ref: "satellite:/a", probe: [] }] }),
      "failed",
      /names satellite:\/a/,
    ],
    "notes that are broken": [saying({ ...whole, ownedBroken: "JSONDecodeError: x" }), "failed", /JSONDecodeError: x/],
    "not root": [saying({ ...whole, host: { ...machine, root: false } }), "prerequisite", /did not run as root/],
    "a host without a name of its own": [
      saying({ ...whole, host: { ...machine, machineId: "" } }),
      "prerequisite",
      /no \/etc\/machine-id/,
    ],
  };
  for (const [name, [answer, code, what]] of Object.entries(cases)) {
    test(name, async () => {
      const looking = observe(fakeHost("fake", { python3: answer }), []);
      await assert.rejects(looking, { name: "Problem", code, message: what });
    });
  }
});
