// A host that looks at itself by its timer: no key, no connection; the unit fails when something has drifted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { harbour, noon } from "./estate-copy.ts";
import { lookAtItself } from "../../src/cli/local-drift.ts";
import { loadEstate } from "../../src/estate/index.ts";
import { run } from "../../src/lib/run.ts";
import type { Seat } from "./seat.ts";
import { openWall } from "./wall.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const root = resolve(import.meta.dirname, "../..");
const HOSTS = "inventory/hosts.yaml";
const Report = z.looseObject({
  hosts: z.array(z.looseObject({ host: z.string(), drifted: z.array(z.string()), notCompared: z.array(z.string()) })),
});
const Lock = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional(), optional: z.boolean().optional() })),
});

describe("a host that looks at itself", { skip, timeout: 600_000 }, () => {
  let wall: Seat;
  before(async () => {
    wall = await openWall();
    wall.estate.edit(HOSTS, "    adopt: []\n", "    adopt: []\n    driftTimer: { every: hourly }\n");
    await bring(wall);
    assert.equal((await wall.demesne("plan", "--out", "plan.json")).status, 2);
    const { status, stderr } = await wall.demesne("apply", "plan.json");
    assert.equal(status, 0, stderr);
  });
  after(() => wall?.close());

  test("finds itself as wanted, and its timer waits for the next time", async () => {
    await wall.inTwin("systemctl start demesne-drift.service");
    assert.deepEqual(await report(wall), [{ host: "control", drifted: [], notCompared: [] }]);
    assert.match(await wall.inTwin("systemctl list-timers --no-legend demesne-drift.timer"), /demesne-drift\.service/);
  });

  test("fails with drift's own exit code and names what has drifted, and asks for no key", async () => {
    await wall.inTwin("chmod 0666 /etc/systemd/system/demesne-firewall.service");
    const { status } = await wall.twin.exec(["systemctl", "start", "demesne-drift.service"], { timeoutMs: 120_000 });
    assert.notEqual(status, 0);
    const code = await wall.inTwin("systemctl show --property=ExecMainStatus --value demesne-drift.service");
    assert.equal(code, "14");
    const [{ drifted } = assert.fail()] = await report(wall);
    assert.deepEqual(drifted, ["file:/etc/systemd/system/demesne-firewall.service"]);
    assert.equal(await wall.inTwin("find /root /srv /opt/demesne/src -name 'keys.txt' -o -name 'id_*'"), "");
    await wall.inTwin("chmod 0644 /etc/systemd/system/demesne-firewall.service; systemctl reset-failed");
  });

  test("does not compare what is made of secrets, and says what that is", async () => {
    const signal = AbortSignal.timeout(60_000);
    const estate = await loadEstate(harbour, { signal, clock: noon });
    const [host = assert.fail()] = estate.hosts;
    // Its image was published nowhere.
    const services = estate.services.filter((each) => each.name !== "gateway");
    const { notCompared } = await lookAtItself({ ...estate, services }, host, signal);
    assert.ok(notCompared.includes("stack:chat"), notCompared.join(", "));
    assert.ok(notCompared.some((ref) => ref.startsWith("file:/etc/demesne/services/")));
    assert.ok(!notCompared.includes("nft-table:inet demesne"));
  });
});

/** As an operator brings them: the program with what it needs to run, and a checkout of the estate. */
async function bring({ twin, estate }: Seat): Promise<void> {
  const { packages } = Lock.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  const needed = Object.keys(packages).filter((path) => path !== "" && packages[path]?.dev !== true);
  const wanted = ["package.json", "src", "node_modules/.bin/node", ...needed];
  const argv = ["tar", "--create", "--ignore-failed-read", "--directory", root, "--exclude=*.test.ts", ...wanted];
  await unpack(twin, argv, "/opt/demesne");
  await unpack(twin, ["tar", "--create", "--directory", estate.folder, "."], "/srv/estate");
}

async function unpack(twin: Seat["twin"], argv: readonly string[], into: string): Promise<void> {
  const file = join("/dev/shm", `demesne-test-${process.pid}.tar`);
  await run([...argv.slice(0, 2), "--file", file, ...argv.slice(2)], { timeoutMs: 60_000 });
  const input = readFileSync(file);
  await run(["rm", "-f", file], { timeoutMs: 5000 });
  const made = await twin.exec(["sh", "-c", `mkdir -p ${into} && tar --extract --no-same-owner --directory=${into}`], {
    input,
    timeoutMs: 60_000,
  });
  assert.equal(made.status, 0, made.stderr);
}

async function report(wall: Seat) {
  const { hosts } = Report.parse(JSON.parse(await wall.inTwin("cat /var/lib/demesne/drift.json")));
  return hosts.map(({ host, drifted, notCompared }) => ({ host, drifted, notCompared }));
}
