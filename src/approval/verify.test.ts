// Our verifier beside ssh-keygen's own: the same keys, the same signatures, the same answers; where they differ, ours refuses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { allowedSigners, NAMESPACE } from "./allowed-signers.ts";
import { judge } from "./judge.ts";
import { deviceKey, keygen, keygenAccepts, KINDS, realKey, type TestKey } from "./keys-fixture.ts";
import { parseSshSig, verifySshSig } from "./sshsig.ts";
import { WireFault } from "./wire.ts";

const folder = mkdtempSync(join(tmpdir(), "approval-"));
after(() => rmSync(folder, { recursive: true }));
const skip = spawnSync("ssh-keygen", ["-Y"]).error === undefined ? false : "needs ssh-keygen";

const plan = Buffer.from('{"format":1,"text":"a plan, to the byte: é"}');
const real =
  skip === false ? Object.entries(KINDS).map(([name, kind]) => [name, realKey(folder, name, kind)] as const) : [];
const device: readonly (readonly [string, TestKey])[] = [
  ["a FIDO key (built here, no device), ed25519, touched", deviceKey("ed25519", { flags: 1 })],
  ["a FIDO key (built here, no device), ed25519, untouched", deviceKey("ed25519", { flags: 0, counter: 0 })],
  [
    "a FIDO key (built here, no device), p256, touched and verified",
    deviceKey("p256", { flags: 5, counter: 2 ** 32 - 1 }),
  ],
  ["a FIDO key (built here, no device), p256, over sha256", deviceKey("p256", { flags: 1, hash: "sha256" })],
];

/** Do we count it as this person's? */
function ours(message: Uint8Array, signature: string, allowed: string, principal: string, now = Date.now()): boolean {
  const files = [{ name: `${principal}.sig`, text: signature }];
  const signers = allowedSigners(allowed, "policy/allowed_signers");
  return judge({ bytes: message, author: undefined, needs: [], signers, files, now }).approvals.length === 1;
}

const theirs = (message: Uint8Array, signature: string, allowed: string, principal: string, time?: string): boolean => {
  const asked = { folder, message, signature, allowed, principal, namespace: NAMESPACE };
  return keygenAccepts(time === undefined ? asked : { ...asked, time });
};

describe("a signature is judged as ssh-keygen judges it", { skip }, () => {
  for (const [name, key] of [...real, ...device]) {
    test(`${name}: good, other bytes, other namespace, other person`, () => {
      const allowed = `alice@x ${key.line}\nbob@x ${realOther(name).line}\n`;
      const good = key.sign(plan, NAMESPACE);
      const elsewhere = key.sign(plan, "git");
      const other = Buffer.from(plan);
      other[3] = 0x21;
      for (const [message, signature, who, isGood] of [
        [plan, good, "alice@x", true],
        [other, good, "alice@x", false],
        [plan, elsewhere, "alice@x", false],
        [plan, good, "bob@x", false],
        [plan, good, "carol@x", false],
      ] as const) {
        assert.equal(theirs(message, signature, allowed, who), isGood, `ssh-keygen ${who}`);
        assert.equal(ours(message, signature, allowed, who), isGood, `ours ${who}`);
      }
    });
  }

  test("a signature with a bit flipped is ssh-keygen's to judge the same way", () => {
    const keys = [...real, ...device].map(([, key]) => ({ key, signature: key.sign(plan, NAMESPACE) }));
    const flips = fc.tuple(fc.constantFrom(...keys), fc.nat(), fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(flips, ([{ key, signature }, at, bit]) => {
        const flipped = flip(signature, at, bit);
        // ssh-keygen takes a version of the format below its own; there is none.
        fc.pre(!isVersionZero(flipped));
        const allowed = `alice@x ${key.line}\n`;
        assert.equal(ours(plan, flipped, allowed, "alice@x"), theirs(plan, flipped, allowed, "alice@x"));
      }),
      { numRuns: 40 },
    );
  });

  for (const [name, key] of [...real, ...device]) {
    test(`each byte of a signature counts: ${name}`, () => {
      const signature = key.sign(plan, NAMESPACE);
      for (let at = 0; at < Buffer.from(inner(signature), "base64").length; at += 1)
        assert.equal(ours(plan, flip(signature, at, at % 8), `alice@x ${key.line}\n`, "alice@x"), false, `byte ${at}`);
    });
  }

  test("bytes that are no signature at all are refused in words", () => {
    const anything = fc.oneof(
      fc.string(),
      fc
        .uint8Array({ maxLength: 300 })
        .map((bytes) => armor(Buffer.concat([Buffer.from("SSHSIG\0\0\0\u0001"), bytes]))),
    );
    fc.assert(fc.property(anything, (text) => assert.throws(() => verifySshSig(plan, text, NAMESPACE), WireFault)));
  });
});

describe("validity and namespaces are read as ssh-keygen reads them", { skip }, () => {
  const key = real[0]?.[1];
  const rows: readonly [string, string, number, string, boolean][] = [
    ["before it begins", 'valid-after="20270101Z"', Date.parse("2026-12-31T23:59:59Z"), "20261231235959Z", false],
    ["when it begins", 'valid-after="20270101Z"', Date.parse("2027-01-01T00:00:00Z"), "20270101000000Z", true],
    ["when it ends", 'valid-before="202701021530Z"', Date.parse("2027-01-02T15:30:00Z"), "20270102153000Z", true],
    ["after its end", 'valid-before="20270102153000Z"', Date.parse("2027-01-02T15:30:01Z"), "20270102153001Z", false],
    ["for its namespace", `namespaces="git,${NAMESPACE}"`, Date.parse("2027-01-01T00:00:00Z"), "20270101000000Z", true],
    [
      "for a pattern of namespaces",
      'NAMESPACES="demesne-*"',
      Date.parse("2027-01-01T00:00:00Z"),
      "20270101000000Z",
      true,
    ],
    ["for another namespace", 'namespaces="git"', Date.parse("2027-01-01T00:00:00Z"), "20270101000000Z", false],
    [
      "for all namespaces but this",
      `namespaces="*,!demesne-plan@v?"`,
      Date.parse("2027-01-01T00:00:00Z"),
      "20270101000000Z",
      false,
    ],
  ];
  for (const [name, options, now, time, isGood] of rows) {
    test(`a key ${name}`, () => {
      assert.ok(key !== undefined);
      const allowed = `# who may approve\n\nalice@x ${options} ${key.line} alice's key\n`;
      const signature = key.sign(plan, NAMESPACE);
      assert.equal(theirs(plan, signature, allowed, "alice@x", time), isGood, "ssh-keygen");
      assert.equal(ours(plan, signature, allowed, "alice@x", now), isGood, "ours");
    });
  }
});

test("the flags of a FIDO key are read from what it signed, and cannot be set afterwards", { skip }, () => {
  const key = deviceKey("ed25519", { flags: 0 });
  const text = key.sign(plan, NAMESPACE);
  assert.deepEqual(
    { ...verifySshSig(plan, text, NAMESPACE), publicKey: "" },
    { publicKey: "", isTouched: false, isVerified: false },
  );
  const bytes = Buffer.from(inner(text), "base64");
  const flags = bytes.length - 5;
  assert.equal(bytes[flags], 0);
  bytes[flags] = 1;
  assert.throws(() => verifySshSig(plan, armor(bytes), NAMESPACE), /is not a signature of this plan's bytes/);
});

test("a certificate is refused by name", { skip }, () => {
  const [authority, key] = [realKey(folder, "authority", KINDS.ed25519), realKey(folder, "certified", KINDS.ed25519)];
  keygen(["-q", "-s", authority.file, "-I", "id", "-n", "alice@x", `${key.file}.pub`]);
  const text = keygen(["-Y", "sign", "-f", `${key.file}-cert.pub`, "-n", NAMESPACE], plan);
  assert.match(parseSshSig(text).publicKey.toString("latin1"), /cert-v01/);
  assert.throws(() => verifySshSig(plan, text, NAMESPACE), /is an SSH certificate, and only plain keys are taken/);
});

test("a signature of SHA-1 is refused", { skip }, () => {
  const rsa = real.find(([name]) => name === "rsa")?.[1] ?? assert.fail();
  const bytes = Buffer.from(inner(rsa.sign(plan, NAMESPACE)), "base64");
  const at = bytes.indexOf("rsa-sha2-512");
  const cut = Buffer.concat([bytes.subarray(0, at - 4), Buffer.from("\0\0\0\u0007ssh-rsa"), bytes.subarray(at + 12)]);
  cut.writeUInt32BE(cut.readUInt32BE(at - 8) - 5, at - 8);
  assert.throws(() => verifySshSig(plan, armor(cut), NAMESPACE), /is by an algorithm that is not taken for RSA keys/);
});

function realOther(name: string): TestKey {
  return (real.find(([each]) => each !== name) ?? assert.fail())[1];
}

function inner(text: string): string {
  return text.split("\n").slice(1, -2).join("");
}

function armor(bytes: Uint8Array): string {
  return `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(bytes).toString("base64")}\n-----END SSH SIGNATURE-----\n`;
}

function flip(text: string, at: number, bit: number): string {
  const bytes = Buffer.from(inner(text), "base64");
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
  return armor(bytes);
}

/** "SSHSIG" and four bytes of version. */
function isVersionZero(text: string): boolean {
  return Buffer.from(inner(text), "base64").readUInt32BE(6) === 0;
}

test("the fingerprint is ssh-keygen's", { skip }, () => {
  const [, key] = real[0] ?? assert.fail();
  const [signer] = allowedSigners(`alice@x ${key.line}`, "f");
  assert.equal(signer?.fingerprint, keygen(["-l", "-f", `${key.file}.pub`]).split(" ")[1]);
});
