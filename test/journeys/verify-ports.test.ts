// Every port of a host in a namespace, behind the firewall that the role writes: as it is, and broken on purpose.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { loadEstate, type EstateHost } from "../../src/estate/index.ts";
import { resourcesOf } from "../../src/roles/index.ts";
import { checkPorts, type PortsRequest } from "../../src/verify/check-ports.ts";
import { whileListening } from "../../src/verify/listen-everywhere.ts";
import type { Ranges } from "../../src/verify/ranges.ts";
import { expected, type Check } from "../../src/verify/index.ts";
import { host, makeWire, neighbour, withoutNamespaces, type Wire } from "../cases/verify/namespaces.ts";
import { harbour, noon } from "./estate-copy.ts";

const signal = AbortSignal.timeout(900_000);
const estate = await loadEstate(harbour, { signal, clock: noon });
const [control] = estate.hosts;
assert.ok(control);

const note = "for the test";
const someHost: EstateHost = {
  ...control,
  roles: ["firewall"],
  open: [
    { port: 22, proto: "tcp", from: [`${neighbour.address4}/32`, "2001:2::/48"], note },
    { port: 8443, proto: "tcp", from: ["any"], note },
    { port: 2222, proto: "tcp", from: ["203.0.113.0/24"], note },
    { port: 51820, proto: "udp", from: ["any"], note },
  ],
};

const targets = [
  { family: 4, address: host.address4 },
  { family: 6, address: host.address6 },
] as const;

/** The table that the firewall role wants on a host. */
function rulesFor(its: EstateHost): string {
  const wanted = resourcesOf({
    estate,
    host: its,
    secretDigest: () => "",
    skipped: new Map(),
    deadmanProgram: "# the dead-man\n",
  });
  const table = wanted.find(({ ref }) => ref === "nft-table:inet demesne")?.wanted;
  assert.ok(typeof table === "object" && table !== null && "rules" in table && typeof table.rules === "string");
  return table.rules;
}

describe("verify: ports", { skip: withoutNamespaces() }, () => {
  let wire: Wire;
  before(() => {
    wire = makeWire("ports");
  });
  after(() => wire.remove());

  const look = (its: EstateHost, tcp?: Ranges, others: Partial<PortsRequest> = {}) =>
    checkPorts({
      expectation: expected(estate, its),
      targets,
      from: [wire.vantage],
      inside: wire.inside,
      tcp,
      signal,
      ...others,
    });
  const some: Ranges = [
    [1, 100],
    [2222, 2222],
    [8080, 8080],
    [8443, 8443],
  ];

  test("all 65535 ports answer as the estate allows, each closed one with a live listener", async () => {
    wire.firewall(rulesFor(someHost));
    const checks = await look(someHost);
    assert.deepEqual(results(checks), {
      "the probe finds what is open": "pass",
      "tcp over ipv4": "pass",
      "udp over ipv4": "pass",
      "tcp over ipv6": "pass",
      "udp over ipv6": "pass",
    });
    const { counts } = named(checks, "tcp over ipv6");
    assert.deepEqual(counts, {
      asked: 65535,
      expectedOpen: 2,
      open: 2,
      closed: 65533,
      liveBehindClosed: 65533,
      refused: 0,
      unexpected: 0,
      missing: 0,
    });
  });

  test("a port that the firewall lets in and the estate does not is a failure", async () => {
    wire.firewall(rulesFor(someHost).replace("tcp dport 8443 accept", "tcp dport { 8080, 8443 } accept"));
    const checks = await look(someHost, some);
    assert.equal(named(checks, "tcp over ipv4").result, "fail");
    assert.ok(named(checks, "tcp over ipv4").evidence.includes("reached, though the estate does not open them: 8080"));
  });

  test("a port that only IPv6 lets in is a failure of IPv6", async () => {
    wire.firewall(
      rulesFor(someHost).replace(
        "tcp dport 8443 accept",
        "meta nfproto ipv6 tcp dport 8080 accept\ntcp dport 8443 accept",
      ),
    );
    const checks = await look(someHost, some);
    assert.equal(named(checks, "tcp over ipv4").result, "pass");
    assert.equal(named(checks, "tcp over ipv6").result, "fail");
  });

  test("a port that is rejected instead of dropped was reached", async () => {
    wire.firewall(
      rulesFor(someHost).replace("tcp dport 8443 accept", "tcp dport 81 reject with tcp reset\ntcp dport 8443 accept"),
    );
    const checks = await look(someHost, some);
    assert.equal(named(checks, "tcp over ipv4").result, "fail");
    assert.equal(named(checks, "tcp over ipv4").counts["refused"], 1);
  });

  test("a UDP port that nobody opened is a failure", async () => {
    wire.firewall(rulesFor(someHost).replace("udp dport 51820 accept", "udp dport { 161, 51820 } accept"));
    const checks = await look(someHost, some);
    assert.equal(named(checks, "udp over ipv4").result, "fail");
    assert.equal(named(checks, "tcp over ipv4").result, "pass");
  });

  test("a port that the estate opens and the firewall does not is a failure", async () => {
    wire.firewall(rulesFor({ ...someHost, open: someHost.open.filter(({ port }) => port !== 8443) }));
    const checks = await look(someHost, some);
    assert.equal(named(checks, "tcp over ipv6").result, "fail");
    assert.equal(named(checks, "tcp over ipv6").counts["missing"], 1);
  });

  test("without a firewall every port is found open", async () => {
    wire.firewall("table inet demesne {\n}\n");
    const checks = await look(someHost, some);
    assert.equal(named(checks, "tcp over ipv4").result, "fail");
    assert.equal(named(checks, "tcp over ipv4").counts["open"], 103);
  });

  test("a cut wire is not taken for a closed host", async () => {
    wire.firewall(
      "table inet demesne {\nchain input {\ntype filter hook input priority filter; policy drop;\niifname lo accept\n}\n}\n",
    );
    const checks = await look(someHost, [[1, 20]]);
    assert.equal(named(checks, "the probe finds what is open").result, "fail");
    assert.deepEqual(
      checks.filter(({ result }) => result === "pass"),
      [],
    );
  });

  test("a real host proves the probe by the ports that it opens", async () => {
    wire.firewall(rulesFor(someHost));
    const { value: checks } = await whileListening(
      {
        run: wire.inside.exec,
        targets,
        tcp: [
          [22, 22],
          [8443, 8443],
        ],
        udp: [[51820, 51820]],
      },
      async () => await look(someHost, [...some], { inside: undefined }),
    );
    const { result, detail } = named(checks, "tcp over ipv4");
    assert.equal(result, "pass");
    assert.match(detail, /whether anybody listens there is not known/);
    assert.equal(named(checks, "the probe finds what is open").result, "skipped");
  });

  test("a real host of which nothing is found open passes nothing", async () => {
    wire.firewall("table inet demesne {\nchain input {\ntype filter hook input priority filter; policy drop;\n}\n}\n");
    const checks = await look({ ...someHost, open: [] }, [[1, 20]], { inside: undefined });
    assert.deepEqual(
      checks.filter(({ result }) => result !== "skipped"),
      [],
    );
  });

  test("a port that a program holds on one address is listened to on the others", async () => {
    wire.firewall(rulesFor(someHost));
    const held = {
      run: wire.inside.exec,
      targets: [{ family: 4, address: "127.0.0.1" } as const],
      tcp: [[80, 80]] as Ranges,
      udp: [],
    };
    const { value: checks } = await whileListening(held, async () => await look(someHost, [[60, 100]]));
    assert.equal(named(checks, "tcp over ipv4").result, "pass");
    assert.equal(named(checks, "tcp over ipv4").counts["liveBehindClosed"], 41);
  });

  /** On the host and beside it; a few of them are enough to tell. */
  async function listeners(): Promise<string[]> {
    const told = await Promise.all(
      [wire.inside.exec, wire.vantage.run].map(async (run) => await run(["ss", "-Hltunx"], { timeoutMs: 60_000 })),
    );
    const lines = told.flatMap(({ stdout }) => stdout.split("\n"));
    return lines.filter((line) => /^(tcp|udp)|demesne-verify/.test(line)).slice(0, 5);
  }

  test("broken off at any moment, it ends its listeners", async () => {
    for (const afterMs of [80, 110, 150, 200, 300, 700]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("enough")), afterMs);
      await assert.rejects(look(someHost, undefined, { signal: controller.signal }), /enough/);
      assert.deepEqual(await listeners(), [], `broken off after ${afterMs} ms`);
    }
  });

  test("leaves no listener behind, neither on the host nor beside it", async () => {
    assert.deepEqual(await listeners(), []);
  });
});

function results(checks: readonly Check[]): Record<string, string> {
  return Object.fromEntries(checks.map(({ name, result }) => [name, result]));
}

function named(checks: readonly Check[], name: string): Check {
  const check = checks.find((each) => each.name === name);
  assert.ok(check, `no check ${name}`);
  return check;
}
