// Demesne and the real sops program read each other's files: all formats, all rule modes, both ways.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { aFile, aPerson } from "../../src/secrets/a-file.ts";
import { decryptFile, plainText } from "../../src/secrets/codec.ts";
import type { Rule } from "../../src/secrets/rule.ts";
import { tools, without } from "../cases/secrets/tools.ts";

const cases = new URL("../cases/secrets/interop/", import.meta.url);
const skip = without("sops");
const room = mkdtempSync(join(tmpdir(), "demesne-interop-"));
after(() => rmSync(room, { recursive: true }));

const person = await aPerson();
const hybrid = await aPerson(true);
writeFileSync(join(room, "keys.txt"), `${person.identity.unwrap()}\n`, { mode: 0o600 });
writeFileSync(join(room, "hybrid.txt"), `${hybrid.identity.unwrap()}\n`, { mode: 0o600 });

function sops(args: readonly string[], keys = "keys.txt"): string {
  const env = { PATH: process.env["PATH"], SOPS_AGE_KEY_FILE: join(room, keys), HOME: room };
  const { status, stdout, stderr } = spawnSync(tools.sops, args, { cwd: room, env, encoding: "utf8", timeout: 30_000 });
  assert.equal(status, 0, `sops ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** What sops makes of a file's text: its own normal form, comments included. */
function readBySops(path: string, text: string, keys?: string): string {
  writeFileSync(join(room, `in${path}`), text);
  return sops(["decrypt", ...typeArgs(path), `in${path}`], keys);
}

function writtenBySops(path: string, plain: string, rule: Rule | undefined): string {
  const chosen = rule === undefined ? {} : { [rule.mode]: rule.value };
  const config = { creation_rules: [{ age: person.recipient, ...chosen }] };
  writeFileSync(join(room, ".sops.yaml"), JSON.stringify(config));
  writeFileSync(join(room, path), plain);
  return sops(["encrypt", path]);
}

/** `.txt` is sops's binary format; its name tells neither program more. */
function typeArgs(path: string): string[] {
  return extname(path) === ".txt" ? ["--input-type", "binary", "--output-type", "binary"] : [];
}

const rules: readonly (Rule | undefined)[] = [
  undefined,
  { mode: "unencrypted_suffix", value: "b" },
  { mode: "encrypted_suffix", value: "_secret" },
  { mode: "unencrypted_regex", value: "^(b|e)$" },
  { mode: "encrypted_regex", value: "(?i)^(A|E|nested|password)$" },
  { mode: "unencrypted_comment_regex", value: "^ *clear:" },
  { mode: "encrypted_comment_regex", value: "^ *secret:" },
];

for (const path of readdirSync(cases)) {
  const plain = readFileSync(new URL(path, cases), "utf8");
  for (const rule of rules) {
    // Comment modes need comments; sops refuses them for single values.
    if (rule?.mode.includes("comment") === true && !path.endsWith(".yaml")) continue;
    if (rule !== undefined && path.endsWith(".txt")) continue;
    const name = `${path}, ${rule === undefined ? "no rule" : `${rule.mode} ${rule.value}`}`;

    test(`${name}: demesne writes, sops reads`, { skip }, async () => {
      const ours = await aFile({ path, plain, people: [person], ...(rule === undefined ? {} : { rule }) });
      assert.equal(readBySops(path, ours), readBySops(path, writtenBySops(path, plain, rule)));
    });

    test(`${name}: sops writes, demesne reads`, { skip }, async () => {
      const theirs = writtenBySops(path, plain, rule);
      const opened = await decryptFile({ path, text: theirs }, [person.identity]);
      assert.equal(opened.isSealed, false);
      const again = writtenBySops(path, plainText(opened), rule);
      assert.equal(readBySops(path, again), readBySops(path, theirs));
    });
  }
}
