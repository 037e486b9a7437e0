// A twin to which an estate was applied, looked at from outside and inside: as it is, then with one thing broken at a time.
// The estate lets a part of the network reach the gateway's published port, so that its firewall has something to get wrong.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { joinNeighbour } from "../../src/lab/index.ts";
import { run } from "../../src/lib/run.ts";
import { checkInside } from "../../src/verify/check-inside.ts";
import { checkManagement } from "../../src/verify/check-management.ts";
import { checkPorts } from "../../src/verify/check-ports.ts";
import { checkServices } from "../../src/verify/check-posture.ts";
import { checkSshd } from "../../src/verify/check-sshd.ts";
import { expected, verifyHost, type Check, type Inside, type VerifyRequest } from "../../src/verify/index.ts";
import { openTwin, type OpenTwin } from "./applied-twin.ts";
import { copyEstate, harbour } from "./estate-copy.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const signal = AbortSignal.timeout(15 * 60_000);
const GATEWAY = "gateway-gateway-1";
const DIRECT = "a container published on 127.0.0.1 is closed to a neighbour with a route to it";
const PUBLISHED = "a container published on 0.0.0.0 is closed from outside";

describe("verify: a twin", { skip, timeout: 900_000 }, () => {
  const copy = copyEstate(harbour);
  let open: OpenTwin;
  let request: VerifyRequest & { readonly inside: Inside };
  let targets: { family: 4 | 6; address: string }[];

  before(async () => {
    copy.edit(
      "services/gateway/service.yaml",
      "publish: { address: 127.0.0.1, port: 4000 }",
      "publish: { address: 0.0.0.0, port: 4000 }\n    open: { from: [198.18.0.0/15], note: for the journey }",
    );
    open = await openTwin(copy.folder);
    const rehearsed = await open.load(copy.folder);
    await open.apply(await open.plan(rehearsed), rehearsed);
    const { twin } = open;
    const neighbour = await joinNeighbour(twin);
    const left = rehearsed.estate.services.filter(({ rehearse }) => rehearse.mode === "skip");
    const image = rehearsed.estate.services.find(({ name }) => name === "gateway")?.containers[0]?.image;
    assert.ok(image?.kind === "build" && image.ref !== undefined);
    targets = [
      { family: 4, address: twin.address4 },
      { family: 6, address: twin.address6 },
    ];
    request = {
      expectation: expected(rehearsed.estate, rehearsed.host, new Map(left.map(({ name }) => [name, "no image"]))),
      ssh: twin.address,
      address4: twin.address4,
      address6: twin.address6,
      from: [
        { name: "this machine", run },
        {
          name: "neighbour",
          run: async (argv, options) => await neighbour.run(argv, options),
          routeThroughHost: async (network) => await neighbour.routeThroughTwin(network),
        },
      ],
      inside: {
        exec: async (argv, options) => await twin.exec(argv, options),
        probeImage: `${image.ref}@${image.digest}`,
      },
      progress: { step: () => {}, detail: () => {} },
      signal,
    };
  });
  after(async () => {
    await open?.close();
    copy.remove();
  });

  const inside = async () => await checkInside({ ...request, targets, restartDocker: false });
  /** With the firewall's rules changed, and as they were again afterwards. */
  const whileFirewall = async (change: (rules: string) => string, look: () => Promise<Check[]>): Promise<Check[]> => {
    const right = await open.inTwin("nft --stateless list table inet demesne");
    const wrong = change(right);
    assert.notEqual(wrong, right);
    const load = (rules: string) =>
      open.inTwin(`nft -f - <<'END'\ntable inet demesne\ndelete table inet demesne\n${rules}\nEND`);
    await load(wrong);
    try {
      return await look();
    } finally {
      await load(right);
    }
  };

  test("every check passes, and nothing of them is left", async () => {
    const checks = await verifyHost(request);
    assert.deepEqual(failures(checks), []);
    const neighbours = checks.find(({ name, from }) => name === "tcp over ipv4" && from === "neighbour");
    assert.partialDeepStrictEqual(neighbours?.counts, { asked: 65535, expectedOpen: 1, open: 1, closed: 65534 });
    assert.equal(await open.inTwin("docker ps --all --quiet --filter label=demesne-probe"), "");
    assert.equal(await open.inTwin("ss -Hlx | grep demesne-verify || true"), "");
  });

  test("with the port matched but not the translation, a neighbour reaches containers by their own address", async () => {
    const checks = await whileFirewall((rules) => rules.replaceAll("ct status dnat ", ""), inside);
    assert.deepEqual(failures(checks), [`${DIRECT} (neighbour)`]);
  });

  test("with the translation matched but not the port, what is published on 0.0.0.0 is reached", async () => {
    const checks = await whileFirewall((rules) => rules.replaceAll("ct original proto-dst 4000 ", ""), inside);
    assert.deepEqual(failures(checks), [`${PUBLISHED} (this machine)`, `${PUBLISHED} (neighbour)`]);
  });

  test("a tier that is let out is found", async () => {
    const checks = await whileFirewall(
      (rules) => rules.replace(/hook forward .*/, '$&\niifname "dm-agent" tcp dport != 4000 accept'),
      inside,
    );
    assert.deepEqual(failures(checks), ["no tier reaches outside (inside)"]);
  });

  test("a port that somebody opened by hand is found", async () => {
    const checks = await whileFirewall(
      (rules) => rules.replace(/hook input .*/, "$&\ntcp dport 8080 accept"),
      async () => await checkPorts({ ...request, targets, tcp: [[8000, 8100]] }),
    );
    assert.deepEqual(failures(checks), [
      "tcp over ipv4 (this machine)",
      "tcp over ipv6 (this machine)",
      "tcp over ipv4 (neighbour)",
      "tcp over ipv6 (neighbour)",
    ]);
  });

  test("an sshd that takes passwords is found", async () => {
    await open.inTwin(
      "cp /etc/ssh/sshd_config.d/00-demesne.conf /root/sshd.conf; printf 'PasswordAuthentication yes\\nAuthenticationMethods any\\n' > /etc/ssh/sshd_config.d/00-demesne.conf; systemctl restart ssh",
    );
    const checks = await checkSshd(request.from, request.ssh, request.expectation, signal);
    await open.inTwin(
      "cp /root/sshd.conf /etc/ssh/sshd_config.d/00-demesne.conf; rm /root/sshd.conf; systemctl restart ssh",
    );
    assert.deepEqual(named(checks), ["sshd refuses passwords (this machine)"]);
    assert.equal(checks[0]?.result, "fail");
  });

  test("a way round the tiers is found: one container on two networks of tiers", async () => {
    await open.inTwin(`docker network connect demesne-guest ${GATEWAY}`);
    const checks = await inside();
    await open.inTwin(`docker network disconnect demesne-guest ${GATEWAY}`);
    assert.deepEqual(failures(checks), ["no other tier reaches the gateway (inside)"]);
  });

  test("a management socket that others can open is found", async () => {
    await open.inTwin(
      `docker exec --user 10001 ${GATEWAY} node -e 'const fs = require("fs"); fs.chmodSync("/run/demesne-gateway", 0o777); fs.chmodSync("/run/demesne-gateway/management.sock", 0o777)'`,
    );
    const check = await checkManagement(request.inside, request.expectation, signal);
    assert.equal(check.result, "fail");
    assert.equal(check.detail, "another user in the container reaches it");
  });

  test("a service that is down is found", async () => {
    await open.inTwin(`docker stop ${GATEWAY}`);
    const check = await checkServices(request.inside, request.expectation, signal);
    assert.deepEqual([check.result, check.evidence], ["fail", ["gateway/gateway: exited"]]);
  });
});

/** All that did not pass: here nothing is to be skipped either. */
function failures(checks: readonly Check[]): string[] {
  return named(checks.filter(({ result }) => result !== "pass"));
}

function named(checks: readonly Check[]): string[] {
  return checks.map(({ name, from }) => `${name} (${from})`);
}
