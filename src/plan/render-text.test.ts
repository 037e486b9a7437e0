// Rendered plans are reviewed like code: test/cases/plan/*.txt. To write them anew: node --test --test-update-snapshots.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resource, type Ref, type Resource } from "../resources/index.ts";
import { planHost, renderPlan } from "./index.ts";
import { directoryOf, fileOf, lookOf, savedPlan, unitOf, type Seen } from "./plan-fixture.ts";

const plain = { paint: (_style: string, text: string): string => text, full: false };
/** Marks what would be coloured, so that a colour is a part of what is reviewed. */
const coloured = { paint: (style: string, text: string): string => `<${style}>${text}</${style}>`, full: true };

const wanted: readonly Resource[] = [
  resource("package", "common", { name: "auditd" }),
  resource("package", "common", { name: "telnet", state: "absent" }),
  resource("file", "common", { path: "/etc/motd", content: "one\ntwo\nthree\nfour\nfive\n" }),
  resource("file", "common", { path: "/etc/new", content: "a\nb\nc\n" }),
  resource("sysctl", "common", { key: "kernel.sysrq", value: "0" }),
  resource(
    "file",
    "ssh-hardening",
    { path: "/etc/ssh/sshd_config.d/00-demesne.conf", content: "Port 22\n", mode: "0600" },
    { risk: "connectivity" },
  ),
  resource(
    "unit",
    "ssh-hardening",
    { name: "ssh.service", enabled: true, active: true, config: "sha256:11" },
    { needs: ["file:/etc/ssh/sshd_config.d/00-demesne.conf"] },
  ),
  resource(
    "check",
    "ssh-hardening",
    { name: "sshd's configuration", argv: ["sshd", "-T"], lines: ["port 22"], fix: "mend it" },
    { needs: ["unit:ssh.service"] },
  ),
  resource("file", "service", {
    path: "/etc/demesne/key",
    mode: "0600",
    secret: { name: "chat/key", template: "{}", digest: "hmac-sha256:11" },
  }),
  resource("file", "docker", { path: "/etc/docker/daemon.json", content: "{}\n" }),
];
const seen: Seen = {
  "package:telnet": { state: "installed", version: "0.17" },
  "file:/etc/motd": fileOf("one\ntwo\n3\nfour\nfive\n", "0666"),
  "sysctl:kernel.sysrq": { value: "438" },
  "unit:ssh.service": unitOf(),
  "check:sshd's configuration": { missing: ["port 22"], instead: ["port 2222"] },
  "file:/etc/demesne/key": { ...fileOf(""), mode: "0600", digest: "hmac-sha256:22" },
  "file:/etc/docker/daemon.json": fileOf("{ }\n"),
  "nft-table:inet old": { rules: "table inet old {\n}" },
  "directory:/etc/old": directoryOf(),
  "stack:old": "the Docker engine does not answer: No such file or directory",
};
const owned: Ref[] = [
  "file:/etc/motd",
  "file:/etc/demesne/key",
  "nft-table:inet old",
  "directory:/etc/old",
  "stack:old",
];
const notRehearsed = [{ ref: "unit:auditd.service" as const, reason: "belongs to the machine's kernel" }];
const much = planHost({ host: "control", wanted, look: lookOf(wanted, seen, owned), notRehearsed });
const nothing = planHost({ host: "gpu", wanted: [], look: lookOf([], {}) });

function matches(t: TestContext, text: string, name: string): void {
  const path = join(import.meta.dirname, "../../test/cases/plan", name);
  // The plan's own digest follows from everything in it.
  t.assert.fileSnapshot(text.replace(/(?<=^plan .*)sha256:[0-9a-f]{64}/m, "DIGEST"), path, { serializers: [String] });
}

test("a plan is told by role: sentences, what differs, removals, what waits and what is refused", (t) => {
  matches(t, renderPlan(savedPlan([much, nothing]), plain), "rendered.txt");
});

test("in full and in colour, new texts are shown too", (t) => {
  matches(t, renderPlan(savedPlan([much]), coloured), "rendered-full.txt");
});

test("a secret's text is nowhere in it", () => {
  assert.match(renderPlan(savedPlan([much]), coloured), /content: another secret text -> the secret chat\/key/);
});

test("what stands on a host cannot steer the terminal", () => {
  const hostile = "\u001b[2J\u001b]0;x\u0007 \u202etxt.evil\r\u0000\u009b1A\ttab\n";
  const file = resource("file", "common", { path: "/etc/motd", content: "new\nlines\n" });
  const look = lookOf([file], { "file:/etc/motd": fileOf(hostile), "stack:old": `no \u001b[1mengine` }, [
    "file:/etc/motd",
    "stack:old",
  ]);
  const text = renderPlan(savedPlan([planHost({ host: "control", wanted: [file], look })]), plain);
  assert.doesNotMatch(text, /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u);
  assert.ok(text.includes("-\\u{1b}[2J\\u{1b}]0;x\\u{7} \\u{202e}txt.evil\\u{d}\\u{0}\\u{9b}1A\ttab\n"), text);
  assert.ok(text.includes("no \\u{1b}[1mengine"));
});
