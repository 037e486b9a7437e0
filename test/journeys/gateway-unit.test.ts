// The gateway as a systemd service in a twin: the unit that `demesne gateway --systemd` prints, run by a real systemd.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { systemdUnit } from "../../src/gateway/index.ts";
import { scriptedWorker } from "../../src/gateway/scripted-worker.ts";
import { type Twin, bootTwin, prepareLab } from "../../src/lab/index.ts";
import { parseLdd } from "../../src/lab/node-runtime.ts";
import { sourceFiles } from "../../src/lab/source-files.ts";

const ROOT = join(import.meta.dirname, "../..");
const UNIT = "demesne-gateway.service";
const skip = process.getuid?.() === 0 ? false : "twins need root";

const asked = { model: "hosted", max_tokens: 100, messages: [{ role: "user", content: "hello" }] };

describe("the gateway's systemd unit", { skip }, () => {
  let twin: Twin;
  const worker = scriptedWorker();

  before(async () => {
    const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
    twin = await bootTwin(lab, { id: "unit", os: "debian-13", user: "ops" });
    await new Promise<void>((resolve) => {
      worker.server.listen(4198, twin.outside4, resolve);
    });
    install(twin);
    await inTwin("systemctl", "daemon-reload");
    await inTwin("systemctl", "start", UNIT);
    await answering();
  });
  after(async () => {
    worker.server.closeAllConnections();
    worker.server.close();
    await twin.destroy();
  });

  async function inTwin(...argv: string[]): Promise<string> {
    const result = await twin.exec(argv, { timeoutMs: 30_000 });
    assert.equal(result.status, 0, `${argv.join(" ")}: ${result.stderr}${result.stdout}`);
    return result.stdout.trim();
  }

  async function answering(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      const response = await fetch(`${url()}/health/readiness`).catch(() => undefined);
      if (response?.ok === true) return;
      await sleep(100);
    }
    const { stdout } = await twin.exec(["journalctl", "-u", UNIT, "-n", "30", "--no-pager"], { timeoutMs: 10_000 });
    assert.fail(`the unit does not answer: ${stdout}`);
  }

  const url = (): string => `http://${twin.address4}:4100`;

  test("serves a chat with a key that was issued on its socket, and its upstream's key from a credential", async () => {
    const master = await inTwin("cat", "/var/lib/private/demesne-gateway/master.key");
    const script = `import http.client, json, socket, sys
connection = http.client.HTTPConnection("management")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("/run/demesne-gateway/management.sock")
connection.request("POST", "/key/generate", "{}", {"authorization": "Bearer " + sys.stdin.read().strip()})
print(json.load(connection.getresponse())["key"])`;
    const issued = await twin.exec(["python3", "-c", script], { input: master, timeoutMs: 30_000 });
    assert.equal(issued.status, 0, issued.stderr);
    const headers = { "x-api-key": issued.stdout.trim(), "content-type": "application/json" };
    const response = await fetch(`${url()}/v1/messages`, { method: "POST", headers, body: JSON.stringify(asked) });
    assert.equal(response.status, 200, await response.text());
    assert.equal(worker.seen.at(-1)?.headers["x-api-key"], "upstream-key-of-the-test");
  });

  test("runs as nobody, with no capability, on a root that it cannot write", async () => {
    const pid = await inTwin("systemctl", "show", "-P", "MainPID", UNIT);
    const status = await inTwin("cat", `/proc/${pid}/status`);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      assert.match(status, new RegExp(`^${set}:\\s0+$`, "m"));
    }
    assert.match(status, /^NoNewPrivs:\s1$/m);
    assert.match(status, /^Seccomp:\s2$/m);
    assert.doesNotMatch(status, /^Uid:.*\b0\b/m);
    // What it runs was compiled with this start, where nobody else can write.
    const [folder = ""] = (
      await inTwin("find", "/run/demesne-gateway", "-maxdepth", "1", "-name", "demesne-gateway-*")
    ).split("\n");
    const compiled = await inTwin("find", folder, "-type", "f");
    assert.match(await inTwin("stat", "-c", "%a", folder), /^700/);
    assert.ok(compiled.split("\n").length > 100, compiled);
    const root = (await inTwin("cat", `/proc/${pid}/mounts`)).split("\n").find((line) => line.split(" ")[1] === "/");
    assert.match(root ?? "", /^\S+ \/ \S+ ro,/);
  });

  test("is called safe by systemd-analyze", async (t) => {
    const { stdout } = await twin.exec(["systemd-analyze", "security", "--no-pager", UNIT], { timeoutMs: 30_000 });
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    t.diagnostic(`exposure ${exposure} of 10`);
    assert.ok(exposure < 2, stdout);
  });

  test("reloads, stops cleanly and keeps its state", async () => {
    await inTwin("systemctl", "reload", UNIT);
    await inTwin("systemctl", "restart", UNIT);
    await answering();
    await inTwin("systemctl", "stop", UNIT);
    assert.equal(await inTwin("systemctl", "show", "-P", "Result", UNIT), "success");
    // What the unit wrote last may not be in the journal yet.
    await inTwin("journalctl", "--sync");
    const text = await inTwin("journalctl", "-u", UNIT, "-o", "cat", "--no-pager");
    for (const event of ["started", "reloaded", "draining", "stopped"])
      assert.match(text, new RegExp(`"event":"${event}"`));
  });
});

function install(twin: Twin): void {
  const to = (path: string): string => join(twin.root(), path);
  for (const file of [...sourceFiles(ROOT, "src/gateway/main.js"), "src/gateway/prices.yaml"]) {
    mkdirSync(dirname(to(`opt/demesne/${file}`)), { recursive: true });
    cpSync(join(ROOT, file), to(`opt/demesne/${file}`));
  }
  mkdirSync(to("opt/node"), { recursive: true });
  cpSync(process.execPath, to("opt/node/node"));
  // What this machine's Node is linked against and a new host lacks.
  for (const library of parseLdd(execFileSync("ldd", [process.execPath], { encoding: "utf8" }))) {
    if (!existsSync(to(library))) cpSync(realpathSync(library), to(join("usr", library.replace(/^\/usr/, ""))));
  }
  mkdirSync(to("etc/demesne-gateway/keys"), { recursive: true, mode: 0o755 });
  writeFileSync(to("etc/demesne-gateway/keys/anthropic"), "upstream-key-of-the-test", { mode: 0o600 });
  const config = {
    format: 1,
    listen: "0.0.0.0:4100",
    management: "/run/demesne-gateway/management.sock",
    state: "/var/lib/demesne-gateway",
    routes: {
      hosted: {
        upstream: `http://${twin.outside4}:4198`,
        dialect: "anthropic",
        keyFile: `/run/credentials/${UNIT}/keys_anthropic`,
        residency: "local",
      },
    },
  };
  writeFileSync(to("etc/demesne-gateway/gateway.yaml"), stringify(config));
  const unit = systemdUnit({ node: "/opt/node/node", program: "/opt/demesne/src/gateway/main.js" });
  writeFileSync(to(`etc/systemd/system/${UNIT}`), unit);
}
