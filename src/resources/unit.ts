// A systemd unit: enabled, active, masked, and running with the configuration that lies on disk now.
// "Runs an older configuration" is observed exactly: a drop-in gives the configuration's digest as a credential, which
// systemd copies at each start. Start times would not do (they are cut to seconds, and a reload does not move them), nor
// would the environment: sshd writes its title over it.
import { difference, same, type Facts, type Kind, type Risk } from "./kind.ts";
import { RunAnswer, StatAnswer, type Answers, type Query } from "./query.ts";
import { dropInPath, dropInText, UnitObserved, UnitWanted, CREDENTIAL } from "./unit-shape.ts";
import { idempotentTasks, restarts, unitSteps, verbsOf } from "./unit-steps.ts";

const PROPERTIES = "Id,Names,LoadState,UnitFileState,ActiveState,FragmentPath";
const show = (id: string): Query => ({
  ask: "run",
  argv: ["systemctl", "show", `--property=${PROPERTIES}`],
  operands: [id],
});
const dropIn = (id: string): Query => ({ ask: "stat", path: dropInPath(id), content: true });
const credential = (id: string): Query => ({
  ask: "stat",
  path: `/run/credentials/${id}/${CREDENTIAL}`,
  content: true,
});

export const unit: Kind<UnitWanted, UnitObserved> = {
  kind: "unit",
  purpose: "A systemd unit: enabled, active or masked, and running with the configuration that lies on disk now.",
  wanted: UnitWanted,
  observed: UnitObserved,
  ownable: false,
  removalRisk: "restart",
  absent: { load: "not-found", enabled: false, active: false, ours: false, dropIn: "", running: null },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: (id, wanted) => [show(id), dropIn(id), ...(wanted?.config === undefined ? [] : [credential(id)])],
  read(id, answers, wanted) {
    const shown = answers(show(id));
    if ("unobservable" in shown) return shown;
    const properties = readProperties(RunAnswer.parse(shown).stdout, id);
    if (properties === undefined) return { unobservable: `systemctl show does not tell of ${id}` };
    const text = answers(dropIn(id));
    if ("unobservable" in text) return text;
    return { ...properties, dropIn: StatAnswer.parse(text).content ?? "", running: readRunning(id, answers, wanted) };
  },

  foresee(wanted, observed, facts) {
    const brought = facts.units?.[wanted.name];
    if (brought === undefined) return observed;
    if (observed.load === "not-found") return { ...observed, load: "loaded", ...brought };
    return observed.load === "broken" ? { ...observed, load: "loaded" } : observed;
  },
  compare(wanted, observed, facts) {
    if (wanted.conflict !== undefined) return compareConflict(wanted.name, wanted.conflict, observed);
    if (wanted.masked === true) return compareMask(observed);
    const text = dropInText(wanted);
    const wakes = wanted.enabled === true || wanted.active === true;
    if (observed.load === "not-found") return wakes || text !== "" ? missing(wanted.name) : same;
    if (observed.load === "broken") return broken(wanted.name);
    if (observed.enabled === null && wanted.enabled !== undefined) return fixed(wanted.name);
    const differences = [
      ...difference("masked", observed.load === "masked" && wakes, false),
      ...difference("drop-in", observed.dropIn, text),
      ...(wanted.enabled === undefined ? [] : difference("enabled", observed.enabled, wanted.enabled)),
      ...(wanted.active === undefined ? [] : difference("active", observed.active, wanted.active)),
      ...(wanted.config === undefined || wanted.active === false
        ? []
        : difference("running configuration", runningWith(observed, wanted.config, facts), wanted.config)),
    ];
    if (differences.length === 0) return same;
    const action =
      (observed.dropIn === "" && text !== "") || (!observed.enabled && wanted.enabled === true) ? "create" : "update";
    return { verdict: "differs", action, differences, risk: differences.some(restarts) ? "restart" : "routine" };
  },
  isPresent: (observed) =>
    observed.dropIn !== "" || observed.load === "masked" || (observed.ours && (observed.enabled || observed.active)),

  predict: () => ({}),
  touches: (change) => ({ paths: [dropInPath(change.id)], units: [change.id] }),

  tasks: (changes) => unitSteps(changes),
  idempotent: (wanted) => idempotentTasks(wanted),

  sentence(change) {
    if (change.action === "remove") return `${undoing(change.observed)} ${change.id}`;
    if (change.wanted?.masked === true) return `mask ${change.id}, so that nothing can start it`;
    return `${verbsOf(change).join(" and ") || "configure"} ${change.id}`;
  },
};

/** systemctl show answers one block of properties for each operand. */
function readProperties(stdout: string, id: string): Omit<UnitObserved, "dropIn" | "running"> | undefined {
  const blocks = stdout.split("\n\n").map((block) => new Map(block.split("\n").map((line) => splitOnce(line))));
  const block = blocks.find((each) => each.get("Id") === id || (each.get("Names") ?? "").split(" ").includes(id));
  if (block === undefined) return undefined;
  const load = block.get("LoadState") ?? "";
  return {
    load: load === "loaded" || load === "not-found" || load === "masked" ? load : "broken",
    enabled: readEnabled(block.get("UnitFileState") ?? ""),
    active: ["active", "activating", "reloading"].includes(block.get("ActiveState") ?? ""),
    // A mask lies there too, but it is no unit file.
    ours: load !== "masked" && (block.get("FragmentPath") ?? "").startsWith("/etc/systemd/system/"),
  };
}

function readEnabled(state: string): boolean | null {
  if (["static", "generated", "indirect", "transient"].includes(state)) return null;
  return ["enabled", "enabled-runtime", "alias"].includes(state);
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

function readRunning(id: string, answers: Answers, wanted: UnitWanted | undefined): string | null {
  if (wanted?.config === undefined) return null;
  const answer = answers(credential(id));
  return "unobservable" in answer ? null : (StatAnswer.parse(answer).content ?? null);
}

/** Whoever changed the file may have restarted the unit since, and the credential would still tell the wanted digest. */
function runningWith({ running }: UnitObserved, wanted: string, { rewritten = [] }: Facts): string | null {
  return running !== wanted || rewritten.length === 0 ? running : `perhaps what stood in ${rewritten.join(", ")}`;
}

function compareMask(observed: UnitObserved) {
  if (observed.load === "masked") return same;
  const differences = [{ path: "masked", from: false, to: true }];
  return {
    verdict: "differs" as const,
    action: "create" as const,
    differences,
    risk: (observed.active ? "restart" : "routine") as Risk,
  };
}

function compareConflict(name: string, reason: string, observed: UnitObserved) {
  if (!observed.enabled && !observed.active) return same;
  return {
    verdict: "refused" as const,
    what: `${name} is ${observed.active ? "running" : "enabled"}: ${reason}`,
    fix: `bring what it does into the estate, then on the host: systemctl disable --now ${name}`,
  };
}

function broken(name: string) {
  return {
    verdict: "refused" as const,
    what: `systemd cannot load ${name}: something in its unit file or drop-ins is wrong`,
    fix: `on the host: systemd-analyze verify ${name}`,
  };
}

function fixed(name: string) {
  return {
    verdict: "refused" as const,
    what: `${name} can neither be enabled nor disabled: it has no [Install] section of its own`,
    fix: "leave `enabled` out for it, or name the unit that starts it",
  };
}

/** What a removal does, in words. */
function undoing({ load, ours }: UnitObserved): string {
  if (load === "masked") return "unmask";
  return ours ? "stop and disable" : "take Demesne's drop-in away from";
}

function missing(name: string) {
  return {
    verdict: "refused" as const,
    what: `there is no unit ${name}, and nothing in this plan brings it`,
    fix: `name the package that brings it, or take it out of the estate`,
  };
}
