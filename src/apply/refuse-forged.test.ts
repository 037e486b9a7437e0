// A plan that was edited is told from one that was made, however canonical its JSON is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { planHost, type HostPlan } from "../plan/index.ts";
import { resource, type Resource } from "../resources/index.ts";
import { digest } from "../lib/digest.ts";
import { otherwise, refuseForged } from "./refuse-forged.ts";

const wanted: readonly Resource[] = [
  resource("file", "common", { path: "/etc/motd", content: "one\n" }),
  resource("file", "firewall", { path: "/etc/demesne/firewall.nft", content: "x\n" }, { risk: "connectivity" }),
];
const absent = { type: "absent", mode: "", owner: "", group: "", digest: "" } as const;
const look = {
  host: { machineId: "0".repeat(32), os: "debian-13", python: "3.13.5", cameFrom: "" },
  owned: [],
  applied: "",
  resources: new Map(wanted.map((each) => [each.ref, { observed: absent }])),
  fingerprint: digest("a look"),
};
const plan = planHost({ host: "control", wanted, look, nonce: "a".repeat(32), windowSeconds: 60 });

const isRefused = (
  edited: HostPlan,
  parts: { readonly role?: string; readonly windowSeconds?: number } = {},
): string => {
  try {
    refuseForged({ plan: edited, wanted, windowSeconds: 60, ...parts }, look);
    return "taken";
  } catch (problem) {
    return problem instanceof Error ? problem.message : "";
  }
};

test("a plan as it was made is taken", () => {
  assert.equal(isRefused(plan), "taken");
  const ofRole = planHost({ host: "control", wanted, look, nonce: "b".repeat(32), role: "common", windowSeconds: 60 });
  assert.equal(isRefused(ofRole, { role: "common" }), "taken");
});

const edits: Readonly<Record<string, { readonly edit: (made: HostPlan) => HostPlan; readonly names: string }>> = {
  "a file's text": {
    edit: (made) => ({ ...made, stages: JSON.parse(JSON.stringify(made.stages).replace("one\\n", "two\\n")) }),
    names: "stages",
  },
  "one step more": {
    edit: (made) => ({
      ...made,
      stages: [...made.stages, { steps: [{ step: "commands", commands: [{ name: "look", argv: ["true"] }] }] }],
    }),
    names: "stages",
  },
  "a risk that is played down, so that nobody is asked": {
    edit: (made) => ({ ...made, changes: made.changes.map((each) => ({ ...each, risk: "routine" as const })) }),
    names: "changes",
  },
  "a change that is not shown": { edit: (made) => ({ ...made, changes: made.changes.slice(1) }), names: "changes" },
  "no dead-man": {
    edit: (made) => ({ ...made, stages: made.stages.map(({ steps }) => ({ steps })) }),
    names: "stages",
  },
  "a longer window": {
    edit: (made) => ({
      ...made,
      stages: JSON.parse(JSON.stringify(made.stages).replace('"seconds":60', '"seconds":3600')),
    }),
    names: "stages",
  },
  "a list on the host that forgets": {
    edit: (made) => ({ ...made, owned: { ...made.owned, after: [] } }),
    names: "owned",
  },
  "a history that forgets": {
    edit: (made) => ({ ...made, history: `{"format":1,"nonce":"x"}\n${made.history}` }),
    names: "history",
  },
};

for (const [name, { edit, names }] of Object.entries(edits)) {
  test(`edited: ${name}`, () => {
    const edited = edit(plan);
    assert.notDeepEqual(edited, plan);
    assert.equal(
      isRefused(edited),
      `host control: the plan's ${names} are not what this estate gives for this host: the plan was edited, so nothing was done`,
    );
  });
}

test("what has changed on a host is told by what would be planned otherwise", () => {
  const found = {
    ...absent,
    type: "file",
    mode: "0644",
    owner: "root",
    group: "root",
    digest: digest("x"),
    content: "x",
  };
  const changed = new Map<string, { readonly observed: unknown }>([
    ...look.resources,
    ["file:/etc/motd", { observed: found }],
  ]);
  assert.deepEqual(otherwise({ plan, wanted, windowSeconds: 60 }, { ...look, resources: changed }), ["file:/etc/motd"]);
  assert.deepEqual(otherwise({ plan, wanted, windowSeconds: 60 }, look), []);
});
