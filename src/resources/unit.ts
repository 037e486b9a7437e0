// A systemd unit: enabled, active, masked, and running with the configuration that lies on disk now.
// "Runs an older configuration" is observed exactly: a drop-in puts the configuration's digest into the environment, and
// the main process is asked for it. Start times would not do: they are cut to seconds, and a reload does not move them.
import { z } from "zod";
import { difference, same, type Change, type Kind, type Risk } from "./kind.ts";
import { EnvironAnswer, RunAnswer, StatAnswer, type Answers, type Query } from "./query.ts";
import { command, task, type Step, type Task } from "./step.ts";

export const UnitWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[\w@.:-]+\.(service|socket|timer|target|mount|path)$/)
    .meta({ description: "Full unit name", examples: ["ssh.service"] }),
  enabled: z.boolean().optional().meta({ description: "Starts at boot; not looked at when absent" }),
  active: z.boolean().optional().meta({ description: "Runs now; not looked at when absent" }),
  masked: z.boolean().optional().meta({ description: "Cannot be started at all, whether it exists or not" }),
  config: z
    .string()
    .optional()
    .meta({ description: "Digest of the configuration that the running process must have been started with" }),
  settings: z
    .array(z.string())
    .optional()
    .meta({ description: "Further lines of the drop-in's [Service] section", examples: [["NoNewPrivileges=yes"]] }),
});
export type UnitWanted = z.infer<typeof UnitWanted>;

export const UnitObserved = z.strictObject({
  load: z.enum(["loaded", "not-found", "masked", "broken"]),
  enabled: z.boolean(),
  active: z.boolean(),
  ours: z.boolean().meta({ description: "The unit file itself lies in /etc/systemd/system" }),
  dropIn: z.string().meta({ description: "Text of Demesne's drop-in; empty when there is none" }),
  running: z.string().nullable().meta({ description: "Digest that the main process was started with" }),
});
export type UnitObserved = z.infer<typeof UnitObserved>;

const VARIABLE = "DEMESNE_CONFIG";
const PROPERTIES = "Id,Names,LoadState,UnitFileState,ActiveState,FragmentPath";
const show = (id: string): Query => ({
  ask: "run",
  argv: ["systemctl", "show", `--property=${PROPERTIES}`],
  operands: [id],
});
const dropIn = (id: string): Query => ({ ask: "stat", path: dropInPath(id), content: true });
const environ = (id: string): Query => ({ ask: "environ", unit: id, name: VARIABLE });

export const unit: Kind<UnitWanted, UnitObserved> = {
  kind: "unit",
  purpose: "A systemd unit: enabled, active or masked, and running with the configuration that lies on disk now.",
  wanted: UnitWanted,
  observed: UnitObserved,
  ownable: false,
  absent: { load: "not-found", enabled: false, active: false, ours: false, dropIn: "", running: null },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: (id, wanted) => [show(id), dropIn(id), ...(wanted?.config === undefined ? [] : [environ(id)])],
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
    if (brought === undefined || observed.load !== "not-found") return observed;
    return { ...observed, load: "loaded", enabled: brought.enabled, active: brought.active };
  },
  compare(wanted, observed) {
    if (wanted.masked === true) return compareMask(observed);
    if (observed.load === "not-found") return missing(wanted.name);
    const text = dropInText(wanted);
    const differences = [
      ...difference("drop-in", observed.dropIn, text),
      ...(wanted.enabled === undefined ? [] : difference("enabled", observed.enabled, wanted.enabled)),
      ...(wanted.active === undefined ? [] : difference("active", observed.active, wanted.active)),
      ...(wanted.config === undefined || wanted.active === false
        ? []
        : difference("running configuration", observed.running, wanted.config)),
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

  tasks(changes) {
    const gone = changes.filter((change) => change.action === "remove");
    const put = changes.filter((change) => change.action !== "remove");
    return [
      ...gone.flatMap(removal),
      ...put.flatMap(dropInSteps),
      ...reload(changes),
      ...verbs(put),
      ...restartAfterRemoval(gone),
    ];
  },
  idempotent: (wanted) => exported(wanted),

  sentence(change) {
    if (change.action === "remove") return `leave the unit ${change.id} as its package made it`;
    if (change.wanted?.masked === true) return `mask ${change.id}, so that nothing can start it`;
    return `${verbsOf(change).join(" and ") || "configure"} ${change.id}`;
  },
};

function dropInPath(id: string): string {
  return `/etc/systemd/system/${id}.d/50-demesne.conf`;
}

function dropInText(wanted: UnitWanted): string {
  const lines = [
    ...(wanted.config === undefined ? [] : [`Environment=${VARIABLE}=${wanted.config}`]),
    ...(wanted.settings ?? []),
  ];
  return lines.length === 0 ? "" : `# Written by Demesne.\n[Service]\n${lines.join("\n")}\n`;
}

/** systemctl show answers one block of properties for each operand. */
function readProperties(stdout: string, id: string): Omit<UnitObserved, "dropIn" | "running"> | undefined {
  const blocks = stdout.split("\n\n").map((block) => new Map(block.split("\n").map((line) => splitOnce(line))));
  const block = blocks.find((each) => each.get("Id") === id || (each.get("Names") ?? "").split(" ").includes(id));
  if (block === undefined) return undefined;
  const load = block.get("LoadState") ?? "";
  return {
    load: load === "loaded" || load === "not-found" || load === "masked" ? load : "broken",
    enabled: ["enabled", "enabled-runtime", "alias"].includes(block.get("UnitFileState") ?? ""),
    active: ["active", "activating", "reloading"].includes(block.get("ActiveState") ?? ""),
    ours: (block.get("FragmentPath") ?? "").startsWith("/etc/systemd/system/"),
  };
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

function readRunning(id: string, answers: Answers, wanted: UnitWanted | undefined): string | null {
  if (wanted?.config === undefined) return null;
  const answer = answers(environ(id));
  return "unobservable" in answer ? null : EnvironAnswer.parse(answer).value;
}

function compareMask(observed: UnitObserved) {
  if (observed.load === "masked") return same;
  const differences = [{ path: "masked", from: false, to: true }];
  return { verdict: "differs" as const, action: "create" as const, differences, risk: "restart" as Risk };
}

function missing(name: string) {
  return {
    verdict: "refused" as const,
    what: `there is no unit ${name}, and nothing in this plan brings it`,
    fix: `name the package that brings it, or take it out of the estate`,
  };
}

function restarts(each: { readonly path: string; readonly to: unknown }): boolean {
  return (
    each.path === "running configuration" || each.path === "drop-in" || (each.path === "active" && each.to === false)
  );
}

type UnitChange = Change<UnitWanted, UnitObserved>;

/** The systemctl verbs of one change, in the order they are run. */
function verbsOf(change: UnitChange): string[] {
  const { wanted } = change;
  if (wanted === undefined) return [];
  if (wanted.masked === true) return ["mask"];
  const changed = new Map(change.differences.map((each) => [each.path, each.to]));
  const enable = changed.has("enabled") ? [changed.get("enabled") === true ? "enable" : "disable"] : [];
  if (changed.get("active") === true) return [...enable, "start"];
  if (changed.get("active") === false) return [...enable, "stop"];
  const runs = wanted.active === true || (wanted.active === undefined && change.observed.active);
  return [...enable, ...(runs && change.differences.some(restarts) ? ["restart"] : [])];
}

/** One systemctl for each verb, whatever the number of units. */
function verbs(changes: readonly UnitChange[]): Step[] {
  return ["mask", "enable", "disable", "stop", "start", "restart"].flatMap((verb) => {
    const ids = changes.filter((change) => verbsOf(change).includes(verb)).map((change) => change.id);
    // A masked unit that runs is stopped too.
    const now = verb === "mask" ? ["--now"] : [];
    return ids.length === 0 ? [] : [command(`${verb} ${ids.join(", ")}`, ["systemctl", verb, ...now, ...ids])];
  });
}

function reload(changes: readonly UnitChange[]): Step[] {
  const needed = changes.some((change) => change.wanted?.masked !== true);
  return needed ? [command("let systemd read its units again", ["systemctl", "daemon-reload"])] : [];
}

function dropInSteps(change: UnitChange): Step[] {
  if (change.wanted === undefined || !change.differences.some((each) => each.path === "drop-in")) return [];
  const path = dropInPath(change.id);
  const content = dropInText(change.wanted);
  if (content === "") return [task(`remove ${path}`, "file", { path, state: "absent" })];
  const root = { owner: "root", group: "root" };
  return [
    {
      step: "tree",
      entries: [
        { path: path.slice(0, path.lastIndexOf("/")), type: "directory", mode: "0755", ...root },
        { path, type: "file", mode: "0644", content, ...root },
      ],
    },
  ];
}

function removal(change: UnitChange): Step[] {
  const { id, observed } = change;
  return [
    ...(observed.load === "masked" ? [command(`unmask ${id}`, ["systemctl", "unmask", id])] : []),
    ...(observed.ours ? [command(`stop and disable ${id}`, ["systemctl", "disable", "--now", id])] : []),
    ...(observed.dropIn === ""
      ? []
      : [task(`remove the drop-in of ${id}`, "file", { path: dropInPath(id), state: "absent" })]),
  ];
}

function restartAfterRemoval(changes: readonly UnitChange[]): Step[] {
  const ids = changes
    .filter(({ observed }) => observed.dropIn !== "" && observed.active && !observed.ours)
    .map((change) => change.id);
  return ids.length === 0 ? [] : [command(`restart ${ids.join(", ")}`, ["systemctl", "restart", ...ids])];
}

function exported(wanted: UnitWanted): Task[] {
  const text = dropInText(wanted);
  const variable = `demesne_${wanted.name.replaceAll(/\W/g, "_")}`;
  const path = dropInPath(wanted.name);
  const drop: Task[] =
    text === ""
      ? []
      : [
          {
            name: `make the drop-in folder of ${wanted.name}`,
            module: "file",
            args: { path: path.slice(0, path.lastIndexOf("/")), state: "directory", mode: "0755" },
          },
          {
            name: `write the drop-in of ${wanted.name}`,
            module: "copy",
            args: { dest: path, content: text, mode: "0644" },
            register: variable,
          },
        ];
  const state = wanted.active === undefined ? {} : { state: wanted.active ? "started" : "stopped" };
  const args = {
    name: wanted.name,
    daemon_reload: true,
    ...(wanted.masked === true ? { masked: true } : {}),
    ...(wanted.enabled === undefined ? {} : { enabled: wanted.enabled }),
    ...(wanted.masked === true ? {} : state),
  };
  const restart: Task[] =
    text === "" || wanted.active === false
      ? []
      : [
          {
            name: `restart ${wanted.name} with its new configuration`,
            module: "systemd_service",
            args: { name: wanted.name, state: "restarted", daemon_reload: true },
            when: `${variable} is changed`,
          },
        ];
  return [...drop, ...restart, { name: `manage ${wanted.name}`, module: "systemd_service", args }];
}
