// What runs under the dead-man, and what does not: properties of every plan, and the few shapes that matter.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { resource, type Ref, type Resource } from "../resources/index.ts";
import { directoryOf, fileOf, lookOf, type Seen } from "./plan-fixture.ts";
import { planHost } from "./plan-host.ts";

type Parts = { readonly needs?: readonly Ref[]; readonly risk?: "connectivity"; readonly role?: string };

function file(path: string, { needs = [], risk, role = "common" }: Parts = {}): Resource {
  return resource("file", role, { path, content: "new\n" }, { needs, ...(risk === undefined ? {} : { risk }) });
}

function stagesFor(wanted: readonly Resource[], seen: Seen = {}, owned: readonly Ref[] = []) {
  const { stages } = planHost({ host: "control", wanted, look: lookOf(wanted, seen, owned), windowSeconds: 30 });
  return stages.map(({ window, steps }) => ({
    window: window?.name,
    touches: window === undefined ? [] : [...window.paths, ...window.tables, ...window.units],
    paths: steps.flatMap((step) => {
      if (step.step === "tree") return step.entries.map((each) => each.path);
      if (step.step === "commands") return ["commands"];
      const { path } = step.task.args;
      return [typeof path === "string" ? path : step.task.module];
    }),
  }));
}

describe("stages", () => {
  test("what may cut the connection waits for everything that may not, and each role has a window of its own", () => {
    const wanted = [
      file("/keys", { risk: "connectivity" }),
      file("/sshd", { risk: "connectivity", role: "ssh-hardening", needs: ["file:/keys"] }),
      file("/motd"),
    ];
    assert.deepEqual(stagesFor(wanted), [
      { window: undefined, touches: [], paths: ["/motd"] },
      { window: "common", touches: ["/keys"], paths: ["/keys"] },
      { window: "ssh-hardening", touches: ["/sshd"], paths: ["/sshd"] },
    ]);
  });

  test("what stands between two that may cut belongs to their window, and what only follows comes after it", () => {
    const wanted = [
      file("/account", { risk: "connectivity" }),
      file("/home", { needs: ["file:/account"] }),
      file("/keys", { needs: ["file:/home"], risk: "connectivity" }),
      file("/later", { needs: ["file:/keys"] }),
    ];
    assert.deepEqual(stagesFor(wanted), [
      { window: "common", touches: ["/account", "/home", "/keys"], paths: ["/account", "/home", "/keys"] },
      { window: undefined, touches: [], paths: ["/later"] },
    ]);
  });

  test("a removal that may cut has a window, and what nobody can bring back is removed after it", () => {
    const seen = {
      "nft-table:inet demesne": { rules: "table inet demesne {\n}" },
      "file:/rules": fileOf("x"),
      "directory:/folder": directoryOf(),
      "package:nftables": { state: "installed", version: "1" },
    };
    const owned: Ref[] = ["package:nftables", "file:/rules", "directory:/folder", "nft-table:inet demesne"];
    assert.deepEqual(stagesFor([file("/a")], seen, owned), [
      { window: undefined, touches: [], paths: ["/a"] },
      {
        window: "removals",
        touches: ["/folder", "/rules", "inet demesne"],
        paths: ["commands", "/rules", "commands"],
      },
      { window: undefined, touches: [], paths: ["apt"] },
    ]);
  });

  test("hold every change once, after all that it needs, and nothing that cuts outside a window", () => {
    const roles = ["common", "ssh-hardening", "firewall"];
    const item = fc.record({ cuts: fc.boolean(), role: fc.nat(2), needs: fc.array(fc.nat(11), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), (items) => {
        const wanted = items.map(({ cuts, role, needs }, index) =>
          file(`/${index}`, {
            role: roles[role] ?? "common",
            needs: needs.filter((each) => each < index).map((each): Ref => `file:/${each}`),
            ...(cuts ? { risk: "connectivity" as const } : {}),
          }),
        );
        const stages = stagesFor(wanted);
        const order = stages.flatMap((each) => each.paths);
        assert.deepEqual([...order].sort(), items.map((_, index) => `/${index}`).sort());
        const stageOf = (path: string) => stages.findIndex((each) => each.paths.includes(path));
        for (const [index, { cuts, role, needs }] of items.entries()) {
          const at = stageOf(`/${index}`);
          for (const need of needs.filter((each) => each < index)) assert.ok(stageOf(`/${need}`) <= at);
          if (cuts) assert.equal(stages[at]?.window, roles[role]);
        }
      }),
    );
  });
});
