// What the estate allows, read off two estates; a service's port is open on IPv4 only, and where it is said.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadEstate, type Estate, type EstateHost } from "../estate/index.ts";
import { expected, isOpen } from "./expectation.ts";

const estate = await loadEstate(join(import.meta.dirname, "../../examples/harbour"), {
  signal: AbortSignal.timeout(120_000),
  clock: { now: () => Date.parse("2026-11-21T12:00:00Z") },
});
const host = hostOf(estate, "control");

function hostOf(from: Estate, id: string): EstateHost {
  const found = from.hosts.find((each) => each.id === id);
  assert.ok(found);
  return found;
}

function withModel(change: Partial<Estate["seam"]["model"]>): Estate {
  return { ...estate, seam: { ...estate.seam, model: { ...estate.seam.model, ...change } } };
}

/** The estate with its gateway published on every address, and open to some. */
function withOpenGateway(from: readonly string[]): Estate {
  const publish = { address: "0.0.0.0", port: 4000 };
  const services = estate.services.map((each) =>
    each.name === "gateway"
      ? { ...each, ports: each.ports.map((port) => ({ ...port, publish, open: { from, note: "for the test" } })) }
      : each,
  );
  return { ...estate, services };
}

test("the example opens ssh, to the office, and nothing else", () => {
  assert.deepEqual(expected(estate, host).openings, [
    { proto: "tcp", port: 22, family: 4, from: ["203.0.113.0/24"], of: "host" },
    { proto: "tcp", port: 22, family: 6, from: ["2001:db8:113::/48"], of: "host" },
  ]);
});

test("a published port is open on IPv4 only, even to any", () => {
  const openings = expected(withOpenGateway(["any"]), host).openings.filter(({ of }) => of === "gateway");
  assert.deepEqual(openings, [{ proto: "tcp", port: 4000, family: 4, from: ["any"], of: "gateway" }]);
});

test("a source in the network finds the port open, one beside it does not", () => {
  const expectation = expected(withOpenGateway(["198.51.100.0/25"]), host);
  const port = { proto: "tcp", port: 4000, family: 4 } as const;
  assert.equal(isOpen(expectation, port, "198.51.100.127"), true);
  assert.equal(isOpen(expectation, port, "198.51.100.128"), false);
  assert.equal(isOpen(expectation, { ...port, family: 6 }, "198.51.100.127"), false);
  assert.equal(isOpen(expectation, { ...port, proto: "udp" }, "198.51.100.127"), false);
  assert.equal(isOpen(expectation, { ...port, port: 4001 }, "198.51.100.127"), false);
});

test("a service that is left out opens nothing and is not asked for its health", () => {
  const { openings, services } = expected(withOpenGateway(["any"]), host, new Map([["gateway", "left out"]]));
  assert.deepEqual(
    openings.filter(({ of }) => of !== "host"),
    [],
  );
  assert.deepEqual(
    services.map(({ name }) => name),
    ["chat"],
  );
});

test("the gateway is known as such, with the port and path of its health", () => {
  const gateway = expected(estate, host).services.find((each) => each.gateway);
  assert.deepEqual(gateway, {
    name: "gateway",
    tier: "team",
    containers: ["gateway"],
    gateway: true,
    port: 4000,
    path: "/health/liveliness",
  });
});

test("the port of the model follows from its URL", () => {
  assert.deepEqual(expected(estate, host).modelPorts, [443]);
  assert.deepEqual(expected(withModel({ url: "http://192.0.2.20:8000" }), host).modelPorts, [8000]);
});

test("a local model beside the hosted one has a port that is reached too", () => {
  const { fallback: _, local: __, residency: ___, ...model } = estate.seam.model;
  const beside = (url: string): Estate => withModel({ local: { ...model, url, names: { own: "worker" } } });
  assert.deepEqual(expected(beside("http://192.0.2.20:8000"), host).modelPorts, [443, 8000]);
  assert.deepEqual(expected(beside("https://worker.example"), host).modelPorts, [443]);
});
