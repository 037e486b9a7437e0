// The probe, run for real by this machine's Python. Only its two fixed places (Demesne's notes, Docker's socket) are moved.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { z } from "zod";
import { digest } from "../lib/digest.ts";
import { run } from "../lib/run.ts";
import type { Answer, Query } from "../resources/index.ts";
import { probeText } from "./index.ts";
import { ProbeResult } from "./observation.ts";

const folder = await mkdtemp(join(tmpdir(), "probe-"));
after(async () => await rm(folder, { recursive: true }));
const notes = join(folder, "notes");
await mkdir(notes);
const text = (await probeText())
  .replaceAll("/var/lib/demesne", notes)
  .replaceAll("/run/docker.sock", join(folder, "docker.sock"));

/** The interpreter itself: a wrapper in front of it may take longer than the look. */
const interpreter = (
  await run(["python3", "-c", "import sys; print(sys.executable)"], { timeoutMs: 20_000 })
).stdout.trim();

/** Runs Python below the probe's text and reads the JSON that it prints. */
async function python(lines: string): Promise<unknown> {
  const { status, stdout, stderr } = await run([interpreter, "-I", "-S", "-B", "-"], {
    input: `${text}\n${lines}\n`,
    timeoutMs: 30_000,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

type Asking = { readonly queries: readonly Query[]; readonly key?: Buffer };

async function ask({ queries, key }: Asking): Promise<ProbeResult> {
  const request = JSON.stringify({ nonce: "", key: key?.toString("base64"), queries });
  return ProbeResult.parse(await python(`main(json.loads(${JSON.stringify(request)}))`));
}

async function answerTo(query: Query, key?: Buffer): Promise<Answer> {
  const { answers } = await ask({ queries: [query], ...(key === undefined ? {} : { key }) });
  return answers[0]?.answer ?? assert.fail("no answer");
}

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, 0o640);
  return path;
}

const unobservable = (answer: Answer): string =>
  "unobservable" in answer ? answer.unobservable : assert.fail(JSON.stringify(answer));

describe("what the probe may run", { concurrency: true }, () => {
  const refused = [
    ["rm", "-rf", "/nowhere"],
    ["sh", "-c", "true"],
    ["systemctl", "restart", "ssh"],
    ["systemctl"],
    ["systemctl", "show", "--host=other", "ssh.service"],
    ["systemctl", "show", "-H", "other"],
    ["nft", "list", "ruleset"],
    ["nft", "--stateless", "list", "table", "inet", "a;", "flush", "ruleset"],
    ["nft", "--stateless", "list", "table", "inet", "a", ";", "flush", "ruleset"],
    ["nft", "--stateless", "list", "table", "--file", "/etc/other"],
    ["journalctl", "--header", "--rotate"],
    ["journalctl", "--header", "--vacuum-size=1"],
    ["sshd", "-T", "-E", "/etc/other"],
    ["sshd", "-T", "-f/etc/other"],
    ["timedatectl", "show", "--property=Timezone", "--machine=other"],
    ["timedatectl", "set-timezone", "Etc/UTC"],
    ["dpkg-query", "--show", "--admindir=/tmp"],
    ["dpkg-query", "--control-path", "sudo"],
    ["passwd", "--status", "--all", "--root=/tmp"],
    ["passwd", "--delete", "root"],
    ["docker", "compose", "version", "up"],
    ["docker", "ps"],
    ["apt-config", "dump", "-o", "Dir=/tmp"],
    ["findmnt", "--json", "--poll"],
  ];
  test("is nothing but looking", async () => {
    const calls = `print(json.dumps([[is_allowed(argv), run(argv)] for argv in json.loads(${JSON.stringify(JSON.stringify(refused))})]))`;
    const answers = z
      .array(z.tuple([z.boolean(), z.strictObject({ unobservable: z.string() })]))
      .parse(await python(calls));
    for (const [index, [allowed, answer]] of answers.entries()) {
      assert.equal(allowed, false, JSON.stringify(refused[index]));
      assert.match(answer.unobservable, /is not a command that the probe may run$/);
    }
  });

  test("operands are words of the command too", async () => {
    const query: Query = { ask: "run", argv: ["systemctl", "show"], operands: ["--host=other"] };
    assert.equal(unobservable(await answerTo(query)), "systemctl show is not a command that the probe may run");
  });

  test("is what the kinds ask for", async () => {
    const asked = [
      [
        "dpkg-query",
        "--show",
        "--showformat=${binary:Package}\\t${db:Status-Abbrev}\\t${Version}\\n",
        "libc6",
        "g++-12",
        "docker.io",
      ],
      ["systemctl", "show", "--property=Id,Names", "ssh.service", "getty@tty1.service", "systemd-coredump.socket"],
      ["nft", "--stateless", "list", "table", "inet", "demesne"],
      ["passwd", "--status", "--all"],
      ["sshd", "-T"],
      ["timedatectl", "show", "--property=Timezone"],
    ];
    assert.deepEqual(
      await python(
        `print(json.dumps([is_allowed(argv) for argv in json.loads(${JSON.stringify(JSON.stringify(asked))})]))`,
      ),
      asked.map(() => true),
    );
  });

  test("a program that is not there, or fails, is told apart", async () => {
    // An empty PATH: none of the programs is there.
    assert.deepEqual(await python('ENV["PATH"] = "/nowhere"\nprint(json.dumps(run(["sshd", "-T"])))'), {
      unobservable: "sshd is not installed",
    });
    const failed = await answerTo({
      ask: "run",
      argv: ["dpkg-query", "--show"],
      operands: ["demesne-no-such-package"],
    });
    assert.ok(
      "status" in failed &&
        failed.status === 1 &&
        "stderr" in failed &&
        failed.stderr.includes("demesne-no-such-package"),
    );
  });

  test("a program that does not end is given up", async () => {
    const calls = 'RUN_TIMEOUT = 1\nALLOWED.append((["sleep"], "60"))\nprint(json.dumps(run(["sleep", "60"])))';
    assert.deepEqual(await python(calls), { unobservable: "sleep 60 gave no answer within 1 s" });
  });
});

test("questions of one command are asked as one, with all their operands", async () => {
  const operands = ["libc6", "bash", "libc6", "dpkg"];
  const { answers } = await ask({
    queries: operands.map((name) => ({ ask: "run", argv: ["dpkg-query", "--show"], operands: [name] })),
  });
  assert.equal(answers.length, 1);
  const [only] = answers;
  assert.deepEqual(only?.query, { ask: "run", argv: ["dpkg-query", "--show"], operands: ["bash", "dpkg", "libc6"] });
  assert.ok(only !== undefined && "stdout" in only.answer);
  assert.deepEqual(
    only.answer.stdout.split("\n").map((line) => line.split("\t")[0]?.split(":")[0]),
    ["bash", "dpkg", "libc6", ""],
  );
});

describe("a path", { concurrency: true }, () => {
  test("is told with type, mode, owner, digest and, where asked for, its text", async () => {
    const path = await put("plain", "hello é\n");
    const plain = { type: "file", mode: "0640", owner: "root", group: "root", digest: digest("hello é\n") };
    const who = z
      .strictObject({ owner: z.string(), group: z.string() })
      .parse(
        await python(
          "print(json.dumps({'owner': pwd.getpwuid(os.getuid())[0], 'group': grp.getgrgid(os.getgid())[0]}))",
        ),
      );
    assert.deepEqual(await answerTo({ ask: "stat", path }), { ...plain, ...who });
    assert.deepEqual(await answerTo({ ask: "stat", path, content: true }), { ...plain, ...who, content: "hello é\n" });
  });

  test("may have any name", async () => {
    const name = `it's "so" \\ é {{ x }} $HOME \n ${String.fromCharCode(0x2028)}`;
    const answer = await answerTo({ ask: "stat", path: await put(name, "x"), content: true });
    assert.ok("content" in answer && answer.content === "x");
  });

  test("has its text up to 256 KiB, and its digest beyond", async () => {
    const most = "x".repeat(256 * 1024);
    const fits = await answerTo({ ask: "stat", path: await put("fits", most), content: true });
    assert.ok("content" in fits && fits.content === most);
    const over = await answerTo({ ask: "stat", path: await put("over", `${most}x`), content: true });
    assert.ok("digest" in over && over.digest === digest(`${most}x`) && !("content" in over));
    const long = Buffer.alloc(5 << 20, "long");
    const much = await answerTo({ ask: "stat", path: await put("much", long), content: true });
    assert.ok("digest" in much && much.digest === digest(long) && !("content" in much));
  });

  test("has no text that is not UTF-8", async () => {
    for (const bytes of [Buffer.from([0xff, 0xfe, 0x00]), Buffer.from([0xc3, 0x28]), Buffer.from([0xed, 0xa0, 0x80])]) {
      const answer = await answerTo({ ask: "stat", path: await put("binary", bytes), content: true });
      assert.ok("digest" in answer && answer.digest === digest(bytes) && !("content" in answer), bytes.toString("hex"));
    }
  });

  test("that holds a secret is told by a keyed digest and by nothing else", async () => {
    const key = randomBytes(32);
    const path = await put("secret", "canary");
    const answer = await answerTo({ ask: "stat", path, keyed: true, content: true }, key);
    assert.ok(
      "digest" in answer && answer.digest === `hmac-sha256:${createHmac("sha256", key).update("canary").digest("hex")}`,
    );
    assert.doesNotMatch(JSON.stringify(answer), /canary/);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(digest("canary").slice(7)));
  });

  test("that holds a secret is unobservable without the key: a plain digest could be guessed", async () => {
    const path = await put("another-secret", "canary");
    assert.equal(
      unobservable(await answerTo({ ask: "stat", path, keyed: true })),
      `there is no key for the digest of ${path}`,
    );
  });

  test("that is a link is told as one, and its target is not read", async () => {
    const link = join(folder, "link");
    await symlink(await put("target", "secret"), link);
    const answer = await answerTo({ ask: "stat", path: link, content: true });
    assert.ok("type" in answer && answer.type === "symlink" && answer.target === join(folder, "target"));
    assert.ok(!("digest" in answer) && !("content" in answer));
  });

  test("that was swapped for a link after it was looked at is not followed", async () => {
    const link = join(folder, "swapped");
    await symlink(await put("another-target", "secret"), link);
    // What `look` would do next, had it seen a plain file a moment ago.
    const answer = await python(
      `\ntry:\n    print(json.dumps(read(${JSON.stringify(link)}, True, None)))\nexcept OSError as error:\n    print(json.dumps(error.strerror))`,
    );
    assert.equal(answer, "Too many levels of symbolic links");
  });

  test("that was swapped for a pipe after it was looked at is not waited for, nor taken for empty", async () => {
    const pipe = join(folder, "pipe");
    const answer = await python(
      `os.mkfifo(${JSON.stringify(pipe)})\nprint(json.dumps(read(${JSON.stringify(pipe)}, True, None)))`,
    );
    assert.deepEqual(answer, { unobservable: `${pipe} was swapped while it was looked at` });
  });

  test("that is not there is absent, also below a file", async () => {
    const file = await put("not-a-folder", "x");
    assert.deepEqual(await answerTo({ ask: "stat", path: join(folder, "nowhere"), content: true }), { type: "absent" });
    assert.deepEqual(await answerTo({ ask: "stat", path: join(file, "below"), content: true }), { type: "absent" });
  });

  test("that cannot be read is unobservable, never absent", async () => {
    assert.match(unobservable(await answerTo({ ask: "stat", path: "/proc/self/mem", content: true })), /Error/);
    assert.match(unobservable(await answerTo({ ask: "stat", path: `/${"x".repeat(300)}` })), /File name too long/);
  });
});

const engine = async (path: string, raw: string | undefined): Promise<Answer> => {
  const socket = join(folder, "docker.sock");
  const asked: string[] = [];
  const server = createServer((client) =>
    client
      .on("error", () => {})
      .on("data", (bytes) => {
        asked.push(bytes.toString());
        client.end(raw ?? "");
      }),
  );
  if (raw !== undefined) await new Promise<void>((resolve) => server.listen(socket, resolve));
  const answer = await answerTo({ ask: "docker", path });
  if (raw !== undefined) await new Promise((resolve) => server.close(resolve));
  for (const request of asked) assert.ok(request.startsWith(`GET ${path} HTTP/1.0\r\n`));
  return answer;
};

describe("Docker's engine", () => {
  test("answers a GET with its status and JSON", async () => {
    const json = JSON.stringify([{ Name: "é" }]);
    assert.deepEqual(await engine("/networks", `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${json}`), {
      status: 200,
      body: [{ Name: "é" }],
    });
    assert.deepEqual(await engine("/nope", 'HTTP/1.0 404 Not Found\r\n\r\n{"message":"page not found"}'), {
      status: 404,
      body: { message: "page not found" },
    });
  });

  test("is unobservable when it is not there, or says what is no answer", async () => {
    assert.equal(
      unobservable(await engine("/networks", undefined)),
      "the Docker engine does not answer: No such file or directory",
    );
    assert.match(unobservable(await engine("/networks", "HTTP/1.0 200 OK\r\n\r\n<html>")), /JSONDecodeError/);
    assert.match(unobservable(await engine("/networks", "")), /Error/);
  });

  test("is asked for a path and nothing more", async () => {
    const query: Query = { ask: "docker", path: "/networks HTTP/1.0\r\nHost: x\r\n\r\nPOST /containers/create" };
    assert.match(unobservable(await answerTo(query)), /is not a path of the Docker engine$/);
  });
});

const look = async (files: Readonly<Record<string, string>>): Promise<ProbeResult> => {
  await rm(notes, { recursive: true });
  await mkdir(notes);
  for (const [name, content] of Object.entries(files)) await writeFile(join(notes, name), content);
  return await ask({ queries: [] });
};

describe("Demesne's own notes on the host", () => {
  test("are empty on a new host", async () => {
    const { owned, ownedBroken, applied } = await look({});
    assert.deepEqual({ owned, ownedBroken, applied }, { owned: [], ownedBroken: null, applied: "" });
  });

  test("bring their own questions", async () => {
    const path = await put("owned", "x");
    const entry = { ref: `file:${path}` as const, probe: [{ ask: "stat" as const, path }] };
    const { owned, applied, answers } = await look({
      "owned.json": JSON.stringify({ format: 1, owned: [entry] }),
      "applied.jsonl": "{}\n",
    });
    assert.deepEqual(owned, [entry]);
    assert.equal(applied, "{}\n");
    assert.deepEqual(
      answers.map((each) => each.query),
      entry.probe,
    );
  });

  const broken: Readonly<Record<string, string>> = {
    "are empty": "",
    "are cut off": '{"format":1,"owned":[{"ref":"fi',
    "are another JSON": "[]",
    "have no list": '{"format":1}',
    "have an entry without questions": '{"format":1,"owned":[{"ref":"file:/a"}]}',
    "have an entry without a name": '{"format":1,"owned":[{"probe":[]}]}',
    "have a text for an entry": '{"format":1,"owned":["file:/a"]}',
  };
  for (const [name, content] of Object.entries(broken)) {
    test(`are told to be broken when they ${name}`, async () => {
      const { owned, ownedBroken } = await look({ "owned.json": content });
      assert.deepEqual(owned, []);
      assert.match(ownedBroken ?? "", /Error/);
    });
  }

  test("are told to be broken when they cannot be read, not taken for none", async () => {
    for (const name of ["owned.json", "applied.jsonl"]) {
      await look({});
      await mkdir(join(notes, name));
      assert.match((await ask({ queries: [] })).ownedBroken ?? "", /IsADirectoryError/, name);
    }
  });
});

test("one question that breaks leaves the others their answers", async () => {
  const path = await put("plain", "x");
  const { answers } = await ask({
    queries: [
      { ask: "stat", path: "/nul\0byte" },
      { ask: "stat", path },
    ],
  });
  assert.match(unobservable(answers[0]?.answer ?? assert.fail()), /ValueError/);
  assert.ok(answers[1] !== undefined && "type" in answers[1].answer && answers[1].answer.type === "file");
});
