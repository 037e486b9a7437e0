// Canary values go through every secrets command; afterwards they are nowhere but in the encrypted file.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Sensitive } from "../../src/lib/sensitive.ts";
import { aPerson } from "../../src/secrets/a-file.ts";
import { valueFinder } from "../../src/secrets/scan-values.ts";
import { filesWith } from "./file-search.ts";
import { watchProcesses } from "./process-watch.ts";

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-canary-"));
after(() => rmSync(room, { recursive: true }));
const FILE = "inventory/secrets.sops.yaml";
const DEADLINE_MS = 120_000;

const person = await aPerson(true);
const other = await aPerson();
mkdirSync(join(room, "inventory"));
mkdirSync(join(room, "tmp"));
writeFileSync(join(room, "keys.txt"), `${person.identity.unwrap()}\n`, { mode: 0o600 });

/** Odd characters, so that each escaping changes it. */
const canary = (): Sensitive => new Sensitive(`c/+ "${randomBytes(12).toString("base64")}'\\ü&%`);
const canaries = [canary(), canary(), canary()] as const;
const find = valueFinder([...canaries, person.identity]);
assert.ok(find !== undefined);
const holds = (text: string): boolean => find(text).length > 0;
const without = (path: string): boolean => path.endsWith("keys.txt");

type Ended = { status: number | null; output: string; sightings: string[] };

/** Runs a command of demesne while looking at what every process of this user shows of itself. */
async function demesne(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<Ended> {
  const places = { HOME: room, TMPDIR: join(room, "tmp"), SOPS_AGE_KEY_FILE: join(room, "keys.txt") };
  return await watched(process.execPath, [main, "secrets", ...args], input, { ...places, ...env });
}

async function watched(
  program: string,
  args: readonly string[],
  input: string,
  env: Record<string, string>,
): Promise<Ended> {
  const options = { cwd: room, env: { PATH: process.env["PATH"], ...env }, timeout: DEADLINE_MS };
  const child = spawn(program, args, options);
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  child.stdin.end(input);
  const watch = watchProcesses(holds);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, output, sightings: watch.stop().map(({ where }) => where) };
}

const quiet = (ended: Ended, what: string): void => {
  assert.equal(ended.status, 0, `${what}: ${ended.output}`);
  assert.deepEqual(ended.sightings, [], what);
  assert.deepEqual(find(Buffer.from(ended.output).toString("latin1")), [], what);
};

test("the watch sees a value in an argument and in an environment", async () => {
  const value = canaries[0].unwrap();
  const shown = await watched("sleep", ["3"], "", { CANARY: encodeURIComponent(value) });
  const argued = await watched("sh", ["-c", "sleep 3; exit", value], "", {});
  assert.match(shown.sightings.join(), /environ/);
  assert.match(argued.sightings.join(), /cmdline/);
});

const skip = existsSync(main) ? false : "there is no command line yet";

test("canaries are in no output, argument, environment or file but the encrypted one", { skip }, async () => {
  const [first, second, third] = canaries.map((each) => each.unwrap());
  const editor = join(room, "editor.sh");
  writeFileSync(join(room, "third"), `edited: '${(third ?? "").replaceAll("'", "''")}'\n`);
  writeFileSync(editor, `#!/bin/sh\ncat ${join(room, "third")} >>"$1"\n`);
  chmodSync(editor, 0o755);

  quiet(await demesne(["set", "db/password", "--recipient", person.recipient], first), "set, new file");
  quiet(await demesne(["set", "api/key"], second), "set");
  quiet(await demesne(["edit"], "", { EDITOR: editor }), "edit");
  rmSync(join(room, "third"));
  quiet(await demesne(["get"]), "list of names");
  quiet(await demesne(["check"]), "check");
  quiet(await demesne(["rotate"]), "rotate");
  quiet(await demesne(["recipients", "--add", other.recipient]), "recipients --add");
  quiet(await demesne(["recipients", "--remove", other.recipient]), "recipients --remove");

  const got = await demesne(["get", "edited"]);
  assert.equal(got.output, `${third}\n`);
  assert.deepEqual(got.sightings, []);

  const text = readFileSync(join(room, FILE), "utf8");
  writeFileSync(join(room, FILE), text.replace(/data:./, "data:!"));
  for (const args of [["get", "edited"], ["rotate"]]) {
    const refused = await demesne(args, "", { EDITOR: editor });
    assert.notEqual(refused.status, 0);
    assert.deepEqual(find(refused.output), []);
  }
  assert.deepEqual([...filesWith(room, { holds, without }), ...filesWith("/dev/shm", { holds })], []);
});

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (!isSo()) {
    assert.ok(Date.now() < end, `waited in vain until ${what}`);
    await sleep(20);
  }
}

test("kill -9 while the editor is open leaves nothing behind", { skip }, async () => {
  const file = join(room, "killed.sops.yaml");
  const told = join(room, "told");
  const editor = join(room, "slow.sh");
  writeFileSync(
    editor,
    `#!/bin/sh\necho "word: kept" >"$1"\necho "$1 $$" >${told}.new\nmv ${told}.new ${told}\nexec sleep 60\n`,
  );
  chmodSync(editor, 0o755);
  const child: ChildProcess = spawn(
    process.execPath,
    [main, "secrets", "edit", "--file", file, "--recipient", person.recipient],
    {
      cwd: room,
      env: { PATH: process.env["PATH"], HOME: room, EDITOR: editor },
      stdio: "ignore",
    },
  );
  await until("the editor is open", () => existsSync(told));
  const [path = "", pid = ""] = readFileSync(told, "utf8").trim().split(" ");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, "..")).mode & 0o777, 0o700);
  child.kill("SIGKILL");
  await until("the file is gone", () => !existsSync(join(path, "..")));
  process.kill(Number(pid), "SIGKILL");
  assert.ok(!existsSync(file));
});
