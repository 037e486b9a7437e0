// The port's own tests, run by the fake here and by ssh against a twin in test/journeys; and what is built for ssh alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { run } from "../lib/run.ts";
// oxlint-disable-next-line no-restricted-imports -- the same tests are run by ssh in test/journeys
import { hostConformance } from "../../test/cases/host/conformance.ts";
import { fakeHost } from "./fake-host.ts";
import { localHost } from "./local-host.ts";
import { shellQuote } from "./shell-quote.ts";
import { knownHostsText, sshOptions } from "./ssh-options.ts";

hostConformance("a fake host", async () =>
  fakeHost("fake", {
    "sh -c 'echo out; echo err >&2; exit 3'": { status: 3, stdout: "out\n", stderr: "err\n" },
    cat: ({ input }) => input,
    printf: ({ argv }) =>
      argv
        .slice(2)
        .map((word) => `${word}\0`)
        .join(""),
    sleep: { never: true },
  }),
);

hostConformance("this machine", async () => localHost("here"));

test("a fake host remembers what it was asked, and what it was given", async () => {
  const host = fakeHost("fake", { cat: "", "cat a": "the file a" });
  assert.equal((await host.run(["cat", "a"], { timeoutMs: 1000 })).stdout, "the file a");
  await host.run(["cat"], { timeoutMs: 1000, input: "text" });
  assert.deepEqual(host.asked, [
    { argv: ["cat", "a"], input: "" },
    { argv: ["cat"], input: "text" },
  ]);
});

test("a shell reads quoted words back as they were", async () => {
  const word = fc
    .string({ unit: "binary", size: "max", maxLength: 30 })
    .filter((text) => !text.includes("\0") && text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 40, size: "max" }), async (words) => {
      const { stdout } = await run(["sh", "-c", shellQuote(["printf", "%s\\0", ...words])], { timeoutMs: 10_000 });
      assert.deepEqual(stdout.split("\0").slice(0, -1), words);
    }),
    { numRuns: 12 },
  );
});

test("words that no shell would touch stay readable", () => {
  assert.equal(shellQuote(["python3", "-I", "/a/b-c_d.e", "k=v", "%s"]), "python3 -I /a/b-c_d.e k=v %s");
  assert.equal(shellQuote(["", "a b", "it's", "~", "*", "a;b"]), `'' 'a b' 'it'\\''s' '~' '*' 'a;b'`);
});

const address = {
  id: "control",
  address: "192.0.2.10",
  port: 22,
  user: "ops",
  hostKeys: ["ssh-ed25519 AAAA comment", "ssh-rsa BBBB"],
};

describe("ssh's options", () => {
  test("pin the host's keys under its id, without their comments", () => {
    assert.equal(knownHostsText(address), "control ssh-ed25519 AAAA\ncontrol ssh-rsa BBBB\n");
  });

  test("keep the operator's own configuration, keys and multiplexers out", () => {
    const options = sshOptions(address, { knownHosts: "/run/known_hosts" });
    assert.deepEqual(options.slice(0, 2), ["-F", "none"]);
    for (const needed of [
      "StrictHostKeyChecking=yes",
      "GlobalKnownHostsFile=/dev/null",
      "UserKnownHostsFile=/run/known_hosts",
      "HostKeyAlias=control",
      "UpdateHostKeys=no",
      "BatchMode=yes",
      "PasswordAuthentication=no",
      "ForwardAgent=no",
      "ControlMaster=no",
      "ControlPath=none",
    ])
      assert.ok(options.includes(needed), needed);
  });

  test("share a connection only by a socket of this run", () => {
    const options = sshOptions(address, { knownHosts: "/k", controlPath: "/run/private/mux" });
    assert.ok(options.includes("ControlMaster=auto") && options.includes("ControlPath=/run/private/mux"));
  });

  test("offer one key and no other where one is named, and jump where that is said", () => {
    const options = sshOptions(
      { ...address, identityFile: "/keys/a", proxyJump: "ops@bastion:22" },
      { knownHosts: "/k" },
    );
    for (const needed of ["IdentityFile=/keys/a", "IdentitiesOnly=yes", "ProxyJump=ops@bastion:22"])
      assert.ok(options.includes(needed), needed);
  });

  test("are such that ssh itself understands them", async (t) => {
    const options = sshOptions({ ...address, identityFile: "/keys/a" }, { knownHosts: "/k", controlPath: "/c" });
    const { status, stdout, stderr } = await run(["ssh", ...options, "-G", "192.0.2.10"], { timeoutMs: 10_000 }).catch(
      () => ({ status: 127, stdout: "", stderr: "" }),
    );
    if (status === 127) return t.skip("ssh is not installed");
    assert.equal(status, 0, stderr);
    for (const line of [
      "stricthostkeychecking true",
      "hostkeyalias control",
      "updatehostkeys false",
      "globalknownhostsfile /dev/null",
      "forwardagent no",
    ])
      assert.ok(stdout.split("\n").includes(line), line);
  });
});
