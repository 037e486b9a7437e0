// The differential test: on a drifted host, Demesne's plan and a hand-written playbook in check mode name the same things.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheFolder } from "../../../src/cli/cache-folder.ts";
import type { HostPlan } from "../../../src/plan/index.ts";
import type { OpenTwin, Rehearsed } from "../applied-twin.ts";
import { collections } from "./collections.ts";
import { states, type Drift } from "./drifts.ts";
import { askOracle } from "./oracle.ts";
import { excepted } from "./wanted.ts";

export type DriftInput = { readonly open: () => OpenTwin; readonly rehearsed: () => Rehearsed };

/** With it, every drift is a state of its own that the oracle looks at as a whole; about a minute each. */
const isSingle = process.env["DEMESNE_EACH_DRIFT"] === "1";

/** One journey for each drifted state: compared with the oracle, then healed by one plan. */
export function driftJourneys({ open, rehearsed }: DriftInput): void {
  const cases = isSingle
    ? states.flatMap(({ drifts }) => drifts.map((drift) => ({ name: drift.what, drifts: [drift], kinds: undefined })))
    : states.map(({ name, drifts, kinds }) => ({ name: `${name} (${drifts.length})`, drifts, kinds }));
  for (const { name, drifts, kinds } of cases) {
    test(`a host that is ${name} is seen as the usual modules see it, and healed`, async (context) => {
      const found = await collections(cacheFolder());
      if ("missing" in found) return context.skip(found.missing);
      // The Docker modules want it on the host; nothing of Demesne does.
      await open().inTwin(
        "python3 -c 'import requests' || apt-get -q -y install --no-install-recommends python3-requests",
        120,
      );
      for (const { line } of drifts) await open().inTwin(line, 120);
      const plan = await open().plan(rehearsed());
      const seen = await askOracle(open(), { rehearsed: rehearsed(), collections: found.folder, kinds });
      assert.deepEqual(changed(plan), seen);
      assert.deepEqual(changed(plan), expected(drifts, rehearsed()));
      assert.deepEqual(plan.refusals, []);
      const { left } = await open().apply(plan, rehearsed());
      assert.deepEqual([...changed(left), ...left.refusals, ...left.waiting], []);
      assert.deepEqual(changed(await open().plan(rehearsed())), []);
    });
  }
}

function changed({ changes }: HostPlan): string[] {
  return changes
    .map((each) => each.ref)
    .filter((ref) => !isExcepted(ref))
    .sort();
}

/** `image:*` stands for the images of the estate, whose digests are not known beforehand. */
function expected(drifts: readonly Drift[], { resources }: Rehearsed): string[] {
  const images = resources.filter((each) => each.kind === "image").map((each) => each.ref);
  return [...new Set(drifts.flatMap(({ refs }) => refs.flatMap((ref) => (ref === "image:*" ? images : [ref]))))].sort();
}

function isExcepted(ref: string): boolean {
  return Object.keys(excepted).some((kind) => ref.startsWith(`${kind}:`));
}
