// A list of signers is read, or refused with file, line and fix: test/cases/approval, one case a file.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { allowedSigners } from "./allowed-signers.ts";
import { KINDS, realKey } from "./keys-fixture.ts";

const cases = join(import.meta.dirname, "../../test/cases/approval");

const Case = z.strictObject({
  /** Lines of the file. */
  text: z.array(z.string()),
  /** Whom it lists, */
  signers: z.array(z.string()).optional(),
  /** or what is wrong with it: `where: what` and `fix: ...`. */
  error: z.array(z.string()).optional(),
});

for (const file of readdirSync(cases).sort()) {
  test(basename(file, ".json").replaceAll("-", " "), () => {
    const { text, signers, error } = Case.parse(JSON.parse(readFileSync(join(cases, file), "utf8")));
    assert.deepEqual(read(text.join("\n")), error ?? signers);
  });
}

function read(text: string): readonly string[] {
  try {
    return allowedSigners(text, "policy/allowed_signers").map((each) => each.principal);
  } catch (problem) {
    assert.ok(problem instanceof Problem, String(problem));
    assert.equal(problem.code, "estate");
    return [`${problem.where}: ${problem.what}`, `fix: ${problem.fix}`];
  }
}

test("an RSA key that is too short is refused, though ssh-keygen would take it", () => {
  const folder = mkdtempSync(join(tmpdir(), "signers-"));
  try {
    const { line } = realKey(folder, "short", ["-t", "rsa", "-b", "1024"]);
    assert.match(read(`alice@x ${line}`)[0] ?? "", /has 1024 bits, should have 2048 to 16384/);
    assert.deepEqual(read(`alice@x ${realKey(folder, "long", KINDS.rsa).line}`), ["alice@x"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
