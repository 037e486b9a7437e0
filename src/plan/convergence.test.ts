// Properties of planning, on hosts of every kind and state: a plan of the already true is empty, and what a plan makes of
// a host is what the next plan finds nothing to do in. The host that obeys is a model: it knows what each kind promises.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest } from "../lib/digest.ts";
import { kindOf, resource, type Ref, type Resource } from "../resources/index.ts";
import { planHost, Plan, type HostPlan } from "./index.ts";
import { directoryOf, fileOf, MISSING, savedPlan, unitOf } from "./plan-fixture.ts";

/** One thing of a kind: what may be wanted of it, and how it may be found. */
type Thing = {
  readonly kind: string;
  readonly wanted: fc.Arbitrary<Record<string, unknown>>;
  readonly found: fc.Arbitrary<unknown>;
};

const texts = fc.constantFrom("", "one\n", "two\n");
const running = fc.constantFrom("sha256:11", "sha256:22");
const dropIn = (...lines: readonly string[]): string =>
  lines.length === 0 ? "" : `# Written by Demesne.\n[Service]\n${lines.join("\n")}\n`;

const aFile = (path: string): Thing => ({
  kind: "file",
  wanted: fc.record({ path: fc.constant(path), content: texts, mode: fc.constantFrom("0644", "0600") }),
  found: fc.oneof(
    fc.constant(MISSING),
    texts.map((text) => fileOf(text)),
    fc.constant({ ...fileOf("one\n"), owner: "ops" }),
  ),
});
const aSecret = (path: string): Thing => ({
  kind: "file",
  wanted: running.map((told) => ({ path, mode: "0640", secret: { name: "a/b", template: "{}", digest: told } })),
  found: fc.oneof(
    fc.constant(MISSING),
    running.map((told) => ({ type: "file", mode: "0640", owner: "root", group: "root", digest: told })),
  ),
});
const aDirectory = (path: string): Thing => ({
  kind: "directory",
  wanted: fc.record({ path: fc.constant(path), mode: fc.constantFrom("0755", "0700") }),
  found: fc.constantFrom(MISSING, directoryOf(), directoryOf("0700")),
});
const aPackage = (name: string): Thing => ({
  kind: "package",
  wanted: fc.record({ name: fc.constant(name), state: fc.constantFrom("installed", "absent") }),
  found: fc.constantFrom({ state: "absent" }, { state: "installed", version: "1" }, { state: "broken" }),
});
const aUnit = (name: string): Thing => ({
  kind: "unit",
  wanted: fc.oneof(
    fc.record({ name: fc.constant(name), enabled: fc.boolean(), active: fc.boolean() }),
    fc.record({ name: fc.constant(name), active: fc.constant(true), config: running }),
    fc.constant({ name, masked: true }),
    fc.constant({ name, settings: ["LimitCORE=0"] }),
  ),
  found: fc.oneof(
    fc.record({ enabled: fc.boolean(), active: fc.boolean() }).map((parts) => unitOf(parts)),
    running.map((told) => unitOf({ dropIn: dropIn(`SetCredential=demesne.config:${told}`), running: told })),
    fc.constant(unitOf({ load: "masked", enabled: false, active: false })),
  ),
});
const aStack = (name: string): Thing => ({
  kind: "stack",
  wanted: running.map((inputs) => ({ name, file: "/c", inputs, containers: [name], networks: ["team"] })),
  found: fc.oneof(
    fc.constant({ containers: [] }),
    fc
      .record({ inputs: running, state: fc.constantFrom("running", "unhealthy", "stopped") })
      .map((parts) => ({ containers: [{ name, ...parts }] })),
    fc.constant({ containers: [{ name: "orphan", inputs: "", state: "running" }] }),
  ),
});
const network = { name: "team", bridge: "dm-team", subnet4: "10.0.0.0/24" };
const table = "table inet demesne {\n\tchain input {\n\t}\n}\n";

const things: readonly Thing[] = [
  ...["/a", "/d/a", "/d/b", "/etc/systemd/system/b.service"].map(aFile),
  aSecret("/d/secret"),
  ...["/d", "/e"].map(aDirectory),
  ...["one", "two"].map(aPackage),
  ...["a.service", "b.service"].map(aUnit),
  aStack("web"),
  {
    kind: "group",
    wanted: fc.constant({ name: "team" }),
    found: fc.constantFrom({ present: false, gid: null }, { present: true, gid: 5 }),
  },
  {
    kind: "user",
    wanted: fc.constant({ name: "ops", home: "/home/ops", groups: ["team"] }),
    found: fc.oneof(
      fc.constant({ present: false, shell: "", home: "", groups: [], password: "none" }),
      fc.record({
        present: fc.constant(true),
        shell: fc.constantFrom("/bin/sh", "/bin/bash"),
        home: fc.constant("/home/ops"),
        groups: fc.constantFrom([], ["adm"], ["team"]),
        password: fc.constantFrom("set", "locked", "empty"),
      }),
    ),
  },
  {
    kind: "sysctl",
    wanted: fc.constant({ key: "kernel.sysrq", value: "0" }),
    found: fc.constantFrom({ value: "0" }, { value: "1" }),
  },
  {
    kind: "nft-table",
    wanted: fc.constant({ name: "demesne", rules: table, path: "/a" }),
    found: fc.constantFrom(
      { rules: "" },
      { rules: table.replaceAll("\t", "").trim() },
      { rules: "table inet demesne {\n}" },
    ),
  },
  {
    kind: "image",
    wanted: fc.constant({ image: `web@sha256:${"1".repeat(64)}` }),
    found: fc.constantFrom({ present: true }, { present: false }),
  },
  {
    kind: "network",
    wanted: fc.constant(network),
    found: fc.constantFrom(
      { present: false, bridge: "", subnets: [], internal: false, binding: "" },
      { present: true, bridge: "dm-team", subnets: ["10.0.0.0/24"], internal: false, binding: "127.0.0.1" },
      { present: true, bridge: "br-1", subnets: ["10.9.0.0/24"], internal: false, binding: "" },
    ),
  },
  {
    kind: "check",
    wanted: fc.constant({
      name: "zone",
      argv: ["timedatectl", "show"],
      lines: ["Timezone=Etc/UTC"],
      command: ["timedatectl", "set-timezone", "Etc/UTC"],
      fix: "x",
    }),
    found: fc.constantFrom({ missing: [], instead: [] }, { missing: ["Timezone=Etc/UTC"], instead: [] }),
  },
];

type State = ReadonlyMap<Ref, unknown>;
/** Some of the things are wanted, each needing some of the others; some of the rest are owned and no longer wanted. */
type World = {
  readonly wanted: readonly Resource[];
  readonly state: State;
  readonly owned: readonly Ref[];
  readonly all: readonly Resource[];
};

const drawn = fc.record({
  index: fc.nat(things.length - 1),
  isWanted: fc.boolean(),
  isOwned: fc.boolean(),
  needs: fc.array(fc.nat(things.length - 1), { maxLength: 2 }),
  seed: fc.nat(),
});

/** Needs point to earlier things only, in an order that also suits what the kinds themselves need. */
const worlds: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(drawn, { minLength: 1, maxLength: things.length }),
    fc.tuple(...things.map((each) => each.wanted)),
    fc.tuple(...things.map((each) => each.found)),
  )
  .map(([picks, wants, finds]) => {
    const chosen = new Map(picks.map((pick) => [pick.index, pick]));
    const all = things.map(({ kind }, index) => resource(kind, "test", wants[index], { adopt: true }));
    const needing = all.map((each, index) => {
      const extra = (chosen.get(index)?.needs ?? []).filter(
        (at) => at < index && kindRank(things[at]?.kind) <= kindRank(each.kind),
      );
      return { ...each, needs: [...each.needs, ...extra.flatMap((at) => all[at]?.ref ?? [])] };
    });
    const of = (is: "isWanted" | "isOwned"): Resource[] =>
      needing.filter((_, index) => chosen.get(index)?.[is] === true);
    const state = new Map(all.map((each, index) => [each.ref, finds[index]]));
    return { wanted: of("isWanted"), owned: of("isOwned").map((each) => each.ref), state, all };
  });

const order = [
  "package",
  "group",
  "user",
  "directory",
  "file",
  "sysctl",
  "nft-table",
  "unit",
  "image",
  "network",
  "stack",
  "check",
];
const kindRank = (kind: string | undefined): number => order.indexOf(kind ?? "");

function planOf({ wanted, owned, state }: Omit<World, "all">): HostPlan {
  const resources = new Map([...state].map(([ref, seen]) => [ref, { observed: kindOf(ref).observed.parse(seen) }]));
  return planHost({
    host: "control",
    wanted,
    look: {
      host: { machineId: "0".repeat(32), os: "debian-13", python: "3.13.5" },
      owned: owned.map((ref) => ({ ref, probe: [] })),
      resources,
      fingerprint: digest(""),
    },
  });
}

/** Reads what a kind wants and what was there before, and says what it promises to be there afterwards. */
function promise<W, B>(wanted: z.ZodType<W>, before: z.ZodType<B>, make: (wanted: W, before: B) => unknown) {
  return (given: unknown, found: unknown): unknown => make(wanted.parse(given), before.parse(found));
}

const nothing = z.unknown();
const placed = z.object({ mode: z.string(), owner: z.string(), group: z.string() });

/** What a kind promises of a host where its change was made. */
const made: Readonly<Record<string, (wanted: unknown, before: unknown) => unknown>> = {
  file: promise(
    placed.extend({ content: z.string().default(""), secret: z.object({ digest: z.string() }).optional() }),
    nothing,
    ({ content, secret, ...rest }) =>
      secret === undefined
        ? { ...fileOf(content), ...placed.parse(rest) }
        : { type: "file", ...placed.parse(rest), digest: secret.digest },
  ),
  directory: promise(placed, nothing, ({ mode }) => directoryOf(mode)),
  package: promise(z.object({ state: z.string() }), nothing, ({ state }) =>
    state === "absent" ? { state } : { state, version: "2" },
  ),
  group: () => ({ present: true, gid: 5 }),
  user: promise(
    z.object({ shell: z.string(), home: z.string(), groups: z.array(z.string()) }),
    z.object({ groups: z.array(z.string()) }),
    ({ shell, home, groups }, before) => {
      const all = [...new Set([...before.groups, ...groups])].sort();
      return { present: true, shell, home, groups: all, password: "locked" };
    },
  ),
  sysctl: promise(z.object({ value: z.string() }), nothing, ({ value }) => ({ value })),
  // As nft would list it, read as the kind reads it.
  "nft-table": promise(z.object({ rules: z.string() }), nothing, ({ rules }) =>
    kindOf("nft-table:x").read("inet demesne", () => ({ status: 0, stdout: rules, stderr: "" }), undefined),
  ),
  image: () => ({ present: true }),
  network: promise(z.object({ bridge: z.string(), subnet4: z.string() }), nothing, ({ bridge, subnet4 }) => ({
    present: true,
    bridge,
    subnets: [subnet4],
    internal: false,
    binding: "127.0.0.1",
  })),
  stack: promise(
    z.object({ containers: z.array(z.string()), inputs: z.string() }),
    nothing,
    ({ containers, inputs }) => ({
      containers: containers.map((name) => ({ name, inputs, state: "running" })),
    }),
  ),
  check: () => ({ missing: [], instead: [] }),
  unit: promise(
    z.object({
      masked: z.boolean().default(false),
      enabled: z.boolean().optional(),
      active: z.boolean().optional(),
      config: z.string().optional(),
      settings: z.array(z.string()).default([]),
    }),
    z.looseObject({ load: z.string(), enabled: z.boolean(), active: z.boolean() }),
    ({ masked, enabled, active, config, settings }, before) => {
      if (masked) return { ...before, load: "masked", enabled: false, active: false };
      const wakes = enabled === true || active === true;
      return {
        ...before,
        load: wakes ? "loaded" : before.load,
        enabled: enabled ?? before.enabled,
        active: active ?? before.active,
        dropIn: dropIn(...(config === undefined ? [] : [`SetCredential=demesne.config:${config}`]), ...settings),
        running: config ?? null,
      };
    },
  ),
};

/** The host after the plan, with the list of what is owned as the plan leaves it. */
function applied(world: World, plan: HostPlan): World {
  const byRef = new Map(world.wanted.map((each) => [each.ref, each]));
  const state = new Map(world.state);
  for (const { ref, action } of plan.changes) {
    const kind = kindOf(ref);
    const make = made[kind.kind] ?? assert.fail(kind.kind);
    state.set(ref, action === "remove" ? kind.absent : make(byRef.get(ref)?.wanted, state.get(ref)));
  }
  return { ...world, state, owned: plan.owned.after.map((each) => each.ref) };
}

describe("planning", () => {
  test("finds nothing to do where everything is as wanted already", () => {
    fc.assert(
      fc.property(worlds, ({ wanted, all }) => {
        const state = new Map(
          all.map((each) => {
            const make = made[each.kind] ?? assert.fail(each.kind);
            const absent = each.kind === "unit" ? unitOf() : kindOf(each.ref).absent;
            return [each.ref, make(each.wanted, absent)];
          }),
        );
        const plan = planOf({ wanted, owned: [], state });
        assert.deepEqual([plan.changes, plan.refusals, plan.waiting, plan.stages], [[], [], [], []]);
      }),
    );
  });

  test("finds nothing more to do once its plan has been carried out", () => {
    let carriedOut = 0;
    fc.assert(
      fc.property(worlds, (world) => {
        const plan = planOf(world);
        assert.deepEqual([plan.refusals, plan.waiting], [[], []]);
        if (plan.changes.length > 0) carriedOut += 1;
        const after = applied(world, plan);
        const again = planOf(after);
        assert.deepEqual(again.changes, []);
        assert.deepEqual(again.stages, []);
        assert.deepEqual(
          again.owned.after.map((each) => each.ref),
          after.owned,
        );
      }),
      { numRuns: 300 },
    );
    assert.ok(carriedOut > 200, `only ${carriedOut} plans had anything to do`);
  });

  test("does not ask in which order the estate names things", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { owned, ...one } = planOf(world);
        const turned = planOf({ ...world, wanted: world.wanted.toReversed(), owned: world.owned.toReversed() });
        const { owned: same, ...other } = turned;
        assert.deepEqual(other, one);
        assert.deepEqual(same, owned);
      }),
    );
  });

  test("says each change once, after all that it needs", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { changes } = planOf(world);
        const at = new Map(changes.map((each, index) => [each.ref, index]));
        assert.equal(at.size, changes.length);
        for (const { ref, needs } of world.wanted)
          for (const need of needs) {
            const [mine, its] = [at.get(ref), at.get(need)];
            assert.ok(
              mine === undefined || its === undefined || its < mine || changes[its]?.action === "remove",
              `${ref} before ${need}`,
            );
          }
      }),
    );
  });

  test("has a step for every change, and only steps of changes", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const plan = planOf(world);
        assert.equal(
          plan.stages.length > 0,
          plan.changes.some(({ ref, action }) => action !== "remove" || !ref.startsWith("sysctl:")),
        );
        const paths = plan.stages
          .flatMap((each) => each.steps)
          .flatMap((step) => (step.step === "tree" ? step.entries.map((each) => each.path) : []));
        const changed = new Set<string>(plan.changes.map((each) => each.ref));
        for (const path of paths)
          assert.ok(
            changed.has(`file:${path}`) || changed.has(`directory:${path}`) || path.includes(".service.d"),
            path,
          );
      }),
    );
  });
});

test("a plan that is printed and read is the same plan", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const plan = savedPlan([planOf(world)]);
      const text = canonicalJson(plan);
      assert.deepEqual(Plan.parse(JSON.parse(text)), plan);
      assert.equal(canonicalJson(Plan.parse(JSON.parse(text))), text);
    }),
  );
});
