// Plans to look at: the example's whole first plan on a bare host with something of every sort, and one in which every text is
// hostile.
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { inventedSecrets } from "../../src/cli/secret-store.ts";
import { loadEstate } from "../../src/estate/index.ts";
import { canonicalJson } from "../../src/lib/canonical-json.ts";
import { planHost, Plan, type HostPlan } from "../../src/plan/index.ts";
import { fileOf, lookOf, savedPlan } from "../../src/plan/plan-fixture.ts";
import type { Resource } from "../../src/resources/index.ts";
import { resourcesOf } from "../../src/roles/index.ts";
import { harbour, noon } from "./estate-copy.ts";

const needs: NonNullable<Plan["approval"]>["needs"] = [
  { risk: "data-loss", people: 2, author: false, key: "touched" },
  { risk: "connectivity", people: 2, author: false, key: "any" },
  { risk: "restart", people: 1, author: true, key: "any" },
];

export async function largePlan(): Promise<Plan> {
  const estate = await loadEstate(harbour, { signal: AbortSignal.timeout(120_000), clock: noon });
  const host = estate.hosts.find((each) => each.id === "control");
  if (host === undefined) throw new TypeError("the example has no control host");
  const secrets = inventedSecrets(estate);
  const deadmanProgram = readFileSync(join(import.meta.dirname, "../../src/roles/deadman.py"), "utf8");
  const skipped = new Map([["chat", "its image cannot be had here"]]);
  const wanted = resourcesOf({ estate, host, skipped, secretDigest: secrets.digest, deadmanProgram });
  const look = lookOf(wanted, seenOn(wanted), [
    "file:/etc/demesne/old.conf",
    "file:/etc/ssh/sshd_config.d/00-demesne.conf",
    "directory:/srv/demesne/old",
    "stack:old",
    "file:/etc/motd",
  ]);
  const notRehearsed = [{ ref: "sysctl:kernel.kptr_restrict" as const, reason: "belongs to the machine's kernel" }];
  const made = planHost({ host: "control", wanted, look, notRehearsed, nonce: "a1".repeat(16) });
  return savedPlan([{ ...made, changes: withDataLoss(made) }], {
    author: { name: "Alice <alice@harbour.example>", principal: "alice@harbour.example" },
    approval: { policy: `sha256:${"7".repeat(64)}`, needs },
    estate: { name: "harbour", profile: "cloud", inputs: [...estate.inputs] },
  });
}

/** What a host in use shows: some texts that differ, and things that are no longer wanted. */
function seenOn(wanted: readonly Resource[]): Record<string, unknown> {
  const motd =
    wanted.find((each) => each.ref === "file:/etc/motd") === undefined ? {} : { "file:/etc/motd": fileOf("Welcome\n") };
  const units = ["ssh.service", "apt-daily.timer", "apt-daily-upgrade.timer", "systemd-journald.service"];
  const running = { load: "loaded", enabled: true, active: true, ours: false, dropIn: "", running: null };
  const settings = wanted.filter((each) => each.ref.startsWith("sysctl:")).map((each) => [each.ref, { value: "9" }]);
  return {
    ...Object.fromEntries(settings),
    ...motd,
    "file:/etc/docker/daemon.json": fileOf("{ }\n"),
    "file:/etc/ssh/sshd_config.d/00-demesne.conf": fileOf(
      "# Written by Demesne.\nPort 22\nPasswordAuthentication yes\n",
      "0644",
    ),
    "file:/etc/demesne/old.conf": fileOf("old\n"),
    "directory:/srv/demesne/old": { type: "directory", mode: "0755", owner: "root", group: "root", digest: "" },
    "stack:old": "the Docker engine does not answer: No such file or directory",
    ...Object.fromEntries(units.map((name) => [`unit:${name}`, running])),
  };
}

function withDataLoss(plan: HostPlan): HostPlan["changes"] {
  return plan.changes.map((each) =>
    each.ref === "directory:/srv/demesne/old" ? { ...each, risk: "data-loss" as const } : each,
  );
}

export function hostilePlan(): Plan {
  const hostile = `<script>alert(1)</script>"><img src=x onerror="alert(1)"></style><style>body{display:none}</style>`;
  const wanted: Resource[] = [];
  const host = planHost({ host: "control", wanted, look: lookOf(wanted, {}) });
  const change = {
    ref: "file:/x" as const,
    role: hostile,
    action: "update" as const,
    sentence: hostile,
    risk: "reboot" as const,
  };
  const differences = [{ path: hostile, from: `${hostile}\n`, to: `${hostile}\nmore\n` }];
  const plan = savedPlan([{ ...host, os: hostile, changes: [{ ...change, differences }] }], {
    author: { name: hostile },
  });
  // Through its file, as it would come.
  return Plan.parse(JSON.parse(canonicalJson(plan)));
}
