// A Debian package that is installed, or one that must not be.
import { z } from "zod";
import { same, type Change, type Facts, type Kind } from "./kind.ts";
import { RunAnswer, type Query } from "./query.ts";
import { command, task } from "./step.ts";

export const PackageWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]+$/)
    .meta({ description: "Debian package name", examples: ["nftables"] }),
  state: z.enum(["installed", "absent"]).default("installed").meta({ description: "Installed, or not there" }),
  minimum: z
    .string()
    .optional()
    .meta({ description: "Lowest upstream version that will do", examples: ["26.1"] }),
  brings: z
    .strictObject({
      units: z.record(z.string(), z.strictObject({ enabled: z.boolean(), active: z.boolean() })).optional(),
      fresh: z.array(z.templateLiteral([z.string(), ":", z.string()])).optional(),
    })
    .optional()
    .meta({
      description:
        "What its installation leaves behind that other resources look at: units with their first state, refs that start empty",
    }),
});
export type PackageWanted = z.infer<typeof PackageWanted>;

export const PackageObserved = z.strictObject({
  state: z
    .enum(["installed", "absent", "broken"])
    .meta({ description: "`broken`: half-installed or half-configured, as a stopped apt leaves it" }),
  version: z.string().optional().meta({ description: "Debian version, when installed" }),
});
export type PackageObserved = z.infer<typeof PackageObserved>;

const FORMAT = "${binary:Package}\\t${db:Status-Abbrev}\\t${Version}\\n";
const query = (name: string): Query => ({
  ask: "run",
  argv: ["dpkg-query", "--show", `--showformat=${FORMAT}`],
  operands: [name],
});

export const packages: Kind<PackageWanted, PackageObserved> = {
  kind: "package",
  purpose: "A Debian package that is installed, or one that must not be.",
  wanted: PackageWanted,
  observed: PackageObserved,
  ownable: false,
  removalRisk: "restart",
  absent: { state: "absent" },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: (id) => [query(id)],
  read(id, answers) {
    const answer = answers(query(id));
    if ("unobservable" in answer) return answer;
    // dpkg-query ends with 1 when it knows any of the names not at all; that is not a failure to look.
    const { status, stdout, stderr } = RunAnswer.parse(answer);
    if (status > 1) return { unobservable: `dpkg-query failed: ${stderr.trim()}` };
    return readLine(stdout, id);
  },

  compare(wanted, observed) {
    if (wanted.state === "absent") {
      if (observed.state === "absent") return same;
      return {
        verdict: "differs",
        action: "update",
        differences: [{ path: "state", from: observed.state, to: "absent" }],
        risk: "routine",
      };
    }
    if (observed.state === "absent") {
      return {
        verdict: "differs",
        action: "create",
        differences: [{ path: "state", from: "absent", to: "installed" }],
        risk: "routine",
      };
    }
    if (observed.state === "broken") {
      return {
        verdict: "differs",
        action: "update",
        differences: [{ path: "state", from: "broken", to: "installed" }],
        risk: "routine",
      };
    }
    return tooOld(wanted, observed) ?? same;
  },
  isPresent: (observed) => observed.state !== "absent",

  predict: (change) => (change.action === "create" ? brought(change) : {}),
  touches: () => ({}),

  tasks(changes) {
    const broken = changes.some((change) => change.observed.state === "broken");
    const removed = idsOf(changes, (change) => change.action === "remove" || change.wanted?.state === "absent");
    const installed = idsOf(changes, (change) => change.wanted?.state === "installed");
    return [
      ...(broken ? [command("finish what a stopped dpkg left", ["dpkg", "--configure", "-a"])] : []),
      ...(removed.length > 0 ? [task(`remove ${removed.join(", ")}`, "apt", { name: removed, state: "absent" })] : []),
      ...(installed.length > 0
        ? [task(`install ${installed.join(", ")}`, "apt", { ...aptInstall(installed), update_cache: true })]
        : []),
    ];
  },
  idempotent: (wanted) => [
    {
      name: wanted.state === "absent" ? `remove ${wanted.name}` : `install ${wanted.name}`,
      module: "apt",
      args: wanted.state === "absent" ? { name: [wanted.name], state: "absent" } : aptInstall([wanted.name]),
    },
  ],

  sentence(change) {
    if (change.action === "remove" || change.wanted?.state === "absent") return `remove the package ${change.id}`;
    if (change.observed.state === "broken") return `finish the broken installation of ${change.id}`;
    return `install the package ${change.id} (apt chooses version and dependencies)`;
  },
};

function readLine(stdout: string, id: string): PackageObserved {
  const line = stdout.split("\n").find((each) => each.split("\t")[0]?.replace(/:[a-z0-9]+$/, "") === id);
  if (line === undefined) return { state: "absent" };
  const [, status = "", version = ""] = line.split("\t");
  // Second letter of dpkg's status: i installed; n and c (configuration files only) count as absent; the rest is half-way.
  if (status[1] === "i") return { state: "installed", version };
  return { state: status[1] === "n" || status[1] === "c" ? "absent" : "broken" };
}

function tooOld(wanted: PackageWanted, observed: PackageObserved) {
  if (wanted.minimum === undefined || !isOlder(observed.version ?? "", wanted.minimum)) return undefined;
  return {
    verdict: "refused" as const,
    what: `${wanted.name} ${observed.version} is installed, and at least ${wanted.minimum} is needed`,
    fix: `install a newer ${wanted.name} (for Docker on Debian 12: Docker's own packages), then plan again`,
  };
}

/** Compares the numbers of two upstream versions; epoch, revision and suffixes are left out. */
function isOlder(version: string, minimum: string): boolean {
  const have = versionNumbers(version);
  const need = versionNumbers(minimum);
  const at = need.findIndex((part, index) => (have[index] ?? 0) !== part);
  return at >= 0 && (have[at] ?? 0) < (need[at] ?? 0);
}

function versionNumbers(version: string): number[] {
  const upstream = /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? "0";
  return upstream.split(".").map(Number);
}

function brought(change: Change<PackageWanted, PackageObserved>): Facts {
  const brings = change.wanted?.brings;
  return { units: brings?.units ?? {}, fresh: brings?.fresh ?? [] };
}

function idsOf(
  changes: readonly Change<PackageWanted, PackageObserved>[],
  which: (change: Change<PackageWanted, PackageObserved>) => boolean,
): string[] {
  return changes.filter(which).map((change) => change.id);
}

function aptInstall(names: readonly string[]) {
  return { name: [...names], state: "present", install_recommends: false };
}
