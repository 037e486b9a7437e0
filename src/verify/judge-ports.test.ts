// Case files: what a sweep saw and what the estate opens -> the checks, and what they count.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judgePorts, type PortAnswers } from "./judge-ports.ts";
import type { Expectation } from "./expectation.ts";

const folder = join(import.meta.dirname, "../../test/cases/verify/ports");

type Case = {
  readonly openings: Expectation["openings"];
  readonly seen: PortAnswers;
  /** Those keys of each check that the case is about. */
  readonly checks: readonly Record<string, unknown>[];
};

for (const file of readdirSync(folder)) {
  test(file.replace(".json", "").replaceAll("-", " "), () => {
    const { openings, seen, checks }: Case = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const nothing = { host: "control", roles: [], services: [], tiers: [], modelPorts: [443] };
    const judged = judgePorts({ ...nothing, openings }, seen);
    assert.equal(judged.length, checks.length);
    assert.partialDeepStrictEqual(judged, checks);
  });
}
