// Archives are read back by the system's tar: what it finds is what a host would get.
import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { run } from "./run.ts";
import { tar, type TarEntry } from "./tar.ts";

const limit = { timeoutMs: 20_000, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", TZ: "UTC" } };
const folder = await mkdtemp(join(tmpdir(), "tar-"));
after(async () => await rm(folder, { recursive: true }));
let folders = 0;

async function listed(entries: readonly TarEntry[], ...options: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await run(["tar", "--list", "--verbose", "--quoting-style=literal", ...options], {
    ...limit,
    input: tar(entries),
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout.trimEnd().replaceAll(/ +/g, " ").split("\n");
}

async function unpacked(entries: readonly TarEntry[]): Promise<string> {
  const into = join(folder, String((folders += 1)));
  await mkdir(into);
  const { status, stderr } = await run(
    ["tar", "--extract", "--no-same-owner", "--preserve-permissions", `--directory=${into}`],
    { ...limit, input: tar(entries) },
  );
  assert.equal(status, 0, stderr);
  return into;
}

describe("the system's tar reads what was written", () => {
  test("types, modes, owners by name, sizes and no clock", async () => {
    const entries: TarEntry[] = [
      { path: "etc/demesne", type: "directory", mode: "0750", owner: "root", group: "adm" },
      {
        path: "etc/demesne/a",
        type: "file",
        mode: "0640",
        owner: "ops",
        group: "staff",
        content: Buffer.from("hello\n"),
      },
      { path: "etc/demesne/tool", type: "file", mode: "4755" },
      { path: "etc/demesne/link", type: "symlink", mode: "0777", target: "../a" },
    ];
    assert.deepEqual(await listed(entries), [
      "drwxr-x--- root/adm 0 1970-01-01 00:00 etc/demesne/",
      "-rw-r----- ops/staff 6 1970-01-01 00:00 etc/demesne/a",
      "-rwsr-xr-x root/root 0 1970-01-01 00:00 etc/demesne/tool",
      "lrwxrwxrwx root/root 0 1970-01-01 00:00 etc/demesne/link -> ../a",
    ]);
  });

  test("numbers, where owners are known by number only", async () => {
    const [line] = await listed(
      [{ path: "a", type: "file", mode: "0600", uid: 10001, gid: 2_097_151 }],
      "--numeric-owner",
    );
    assert.match(line ?? "", /^-rw------- 10001\/2097151 /);
  });

  test("an archive of nothing is an archive", async () => {
    assert.deepEqual(await listed([]), [""]);
  });

  test("the same entries are the same bytes", () => {
    const entries: TarEntry[] = [{ path: "a", type: "file", mode: "0644", content: Buffer.from("x") }];
    assert.deepEqual(tar(entries), tar(structuredClone(entries)));
  });

  test("any files under any names, as long as ustar can hold them", async () => {
    const name = fc
      .string({
        unit: fc.constantFrom("a", "é", "漢", " ", "-", ".", "%", "'", "\\", "{"),
        minLength: 1,
        maxLength: 24,
        size: "max",
      })
      .filter((text) => text !== "." && text !== "..");
    const entry = fc.record({
      parts: fc.array(name, { minLength: 1, maxLength: 6, size: "max" }),
      content: fc.uint8Array({ maxLength: 2000 }),
      mode: fc.constantFrom("0600", "0644", "0755", "0400"),
    });
    const sample = fc.sample(entry, { numRuns: 120, seed: 8785 });
    const entries = sample.map(({ parts, content, mode }, index): TarEntry => ({
      path: [String(index), ...parts].join("/"),
      type: "file",
      mode,
      content,
    }));
    const fitting = entries.filter((each) => fits(each));
    assert.ok(
      fitting.length > 60 && fitting.some((each) => Buffer.byteLength(each.path) > 130),
      "the sample is too tame",
    );
    const into = await unpacked(fitting);
    for (const { path, mode, content } of fitting) {
      assert.deepEqual(await readFile(join(into, path)), Buffer.from(content ?? []));
      assert.equal((await lstat(join(into, path))).mode & 0o7777, Number.parseInt(mode, 8), path);
    }
  });

  test("paths of up to 255 bytes, cut where a folder ends", async () => {
    const long = `${"d".repeat(50)}/`.repeat(3) + "f".repeat(100);
    const target = "t".repeat(100);
    const into = await unpacked([
      { path: long, type: "file", mode: "0644", content: Buffer.from("deep") },
      { path: `${"e".repeat(90)}/${"e".repeat(60)}`, type: "directory", mode: "0755" },
      { path: "link", type: "symlink", mode: "0777", target },
    ]);
    assert.equal(await readFile(join(into, long), "utf8"), "deep");
    assert.ok((await lstat(join(into, "e".repeat(90), "e".repeat(60)))).isDirectory());
    assert.equal(await readlink(join(into, "link")), target);
  });

  test("paths that ustar cannot hold go into a pax header", async () => {
    const names = ["f".repeat(200), `${"d".repeat(156)}/f`, `${"漢".repeat(53)}/${"f".repeat(60)}`];
    const files = names.map((path) => ({ path, type: "file" as const, mode: "0640", content: Buffer.from(path) }));
    const into = await unpacked([...files, { path: "e".repeat(120), type: "directory", mode: "0700" }]);
    for (const path of names) assert.equal(await readFile(join(into, path), "utf8"), path);
    assert.ok((await lstat(join(into, "e".repeat(120)))).isDirectory());
  });
});

function fits(entry: TarEntry): boolean {
  try {
    return tar([entry]).length > 0;
  } catch {
    return false;
  }
}

describe("what a header cannot hold is refused, not cut", () => {
  const file = { path: "a", type: "file", mode: "0644" } as const;
  const refused: Readonly<Record<string, TarEntry>> = {
    "a link to more than 100 bytes": { ...file, type: "symlink", target: "t".repeat(101) },
    "an owner of more than 31 bytes": { ...file, owner: "o".repeat(32) },
    "a group of more than 31 bytes": { ...file, group: "g".repeat(32) },
    "an owner's number of more than seven octal digits": { ...file, uid: 2_097_152 },
  };
  for (const [name, entry] of Object.entries(refused)) test(name, () => assert.throws(() => tar([entry]), RangeError));
});
