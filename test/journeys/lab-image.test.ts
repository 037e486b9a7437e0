// An image of one of our own programs, pulled by digest and run by Debian's Docker in a twin that no registry can reach.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Lab, type Twin, bootTwin, buildImage, prepareLab, publishImage } from "../../src/lab/index.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const root = resolve(import.meta.dirname, "../..");
const program = {
  name: "demesne/lab-probe",
  root,
  entry: "test/cases/lab/probe-program.ts",
  ports: [8080],
  healthcheck: { argv: ["node", "--version"], intervalMs: 500, timeoutMs: 5000, startMs: 100, retries: 3 },
};

describe("an image in a twin", { skip, timeout: 300_000 }, () => {
  let lab: Lab;
  let twin: Twin;
  before(async () => {
    lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
    twin = await bootTwin(lab, { id: "control", os: "debian-13", user: "ops" });
    const install =
      "apt-get -q update && apt-get -q -y install --no-install-recommends docker.io docker-cli docker-compose";
    await inTwin(install);
  });
  after(() => twin?.destroy());

  async function inTwin(command: string): Promise<string> {
    const env = ["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", command];
    const result = await twin.exec(env, { timeoutMs: 180_000 });
    assert.equal(result.status, 0, `${command}: ${result.stderr}`);
    return result.stdout.trim();
  }

  test("is the same, to the byte, when built again", async () => {
    const { blobs: _kept, ...first } = await buildImage(lab, program);
    const elsewhere = mkdtempSync(join(tmpdir(), "demesne-image-"));
    const { blobs: _fresh, ...again } = await buildImage({ cache: elsewhere }, program);
    rmSync(elsewhere, { recursive: true });
    assert.deepEqual(again, first);
  });

  test("is pulled by digest, runs as nobody special, and is found healthy; also after a reboot", async () => {
    const image = await buildImage(lab, program);
    await publishImage(twin, image);
    await inTwin(`docker pull -q ${image.reference}`);
    const runNode = `docker run --rm --entrypoint node ${image.reference}`;
    assert.equal(await inTwin(`${runNode} --version`), process.version);
    assert.equal(await inTwin(`${runNode} -p 'process.getuid() + " " + process.cwd()'`), "10001 /app");
    const told = JSON.parse(await inTwin(`docker run --rm ${image.reference}`));
    assert.deepEqual(told, { zod: "ok", secret: "absent" });
    await inTwin(`docker run -d --name probe --restart unless-stopped ${image.reference} --stay`);
    const health = "docker inspect -f '{{.State.Health.Status}}' probe";
    const untilHealthy = `for try in $(seq 600); do [ "$(${health})" = healthy ] && exit 0; sleep 0.1; done; exit 1`;
    await inTwin(untilHealthy);
    await twin.reboot();
    await inTwin(untilHealthy);
    await inTwin(`docker rm -f probe && docker image rm ${image.reference} && docker pull -q ${image.reference}`);
  });

  test("is not served under a digest that is not its own", async () => {
    const image = await buildImage(lab, program);
    const other = `127.0.0.1:5000/${image.name}@sha256:${"0".repeat(64)}`;
    const result = await twin.exec(["docker", "pull", "-q", other], { timeoutMs: 30_000 });
    assert.notEqual(result.status, 0);
    assert.match(result.stderr, /manifest unknown|not found/);
  });

  test("is refused by the twin's Docker when a layer was changed under its digest", async () => {
    const image = await buildImage(lab, { ...program, name: "demesne/tampered", env: { TAMPERED: "yes" } });
    await publishImage(twin, image);
    const hex = image.config.digest.slice("sha256:".length);
    const stored = `var/lib/demesne-lab/registry/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    writeFileSync(join(twin.root(), stored), "{}".padEnd(image.config.size));
    const result = await twin.exec(["docker", "pull", "-q", image.reference], { timeoutMs: 30_000 });
    assert.notEqual(result.status, 0);
  });

  test("comes from a registry that is the lab's, on loopback only, and takes no pushes", async () => {
    assert.match(await inTwin("systemctl show -p Description demesne-lab-registry"), /not on a real host/);
    assert.match(await inTwin("ss -Hltn 'sport = 5000'"), /127\.0\.0\.1:5000/);
    const push = await twin.exec(
      [
        "python3",
        "-c",
        "import urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:5000/v2/x/blobs/uploads/', method='POST'))",
      ],
      { timeoutMs: 10_000 },
    );
    assert.match(push.stderr, /HTTP Error 405/);
  });
});
