// What is run for units: one systemctl for each verb, whatever the number of units.
import { command, task, type Step, type Task } from "./step.ts";
import { dropInPath, dropInText, type UnitChange, type UnitWanted } from "./unit-shape.ts";

export function restarts(each: { readonly path: string; readonly to: unknown }): boolean {
  return (
    each.path === "running configuration" || each.path === "drop-in" || (each.path === "active" && each.to === false)
  );
}

/** The systemctl verbs of one change, in the order they are run. */
export function verbsOf(change: UnitChange): string[] {
  const { wanted } = change;
  if (wanted === undefined) return [];
  if (wanted.masked === true) return ["mask"];
  const changed = new Map(change.differences.map((each) => [each.path, each.to]));
  const unmask = changed.has("masked") ? ["unmask"] : [];
  const enable = changed.has("enabled") ? [changed.get("enabled") === true ? "enable" : "disable"] : [];
  // An earlier step (the package's own) may have started it by now, with what was there then: a restart starts too.
  if (changed.get("active") === true) return [...unmask, ...enable, dropInText(wanted) === "" ? "start" : "restart"];
  if (changed.get("active") === false) return [...unmask, ...enable, "stop"];
  const runs = wanted.active === true || (wanted.active === undefined && change.observed.active);
  return [...unmask, ...enable, ...(runs && change.differences.some(restarts) ? ["restart"] : [])];
}

/** The exact steps for all unit changes of one stage: files first, then one systemctl for each verb. */
export function unitSteps(changes: readonly UnitChange[]): Step[] {
  const gone = changes.filter((change) => change.action === "remove");
  const put = changes.filter((change) => change.action !== "remove");
  return [
    ...gone.flatMap(removal),
    ...put.flatMap(dropInSteps),
    ...reload(changes),
    ...put.flatMap(preflight),
    ...verbs(put),
    ...restartAfterRemoval(gone),
  ];
}

/** One systemctl for each verb, whatever the number of units. */
function verbs(changes: readonly UnitChange[]): Step[] {
  return ["mask", "unmask", "enable", "disable", "stop", "start", "restart"].flatMap((verb) => {
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

/** Before a restart that would fail: a running process with its old configuration is better than none. */
function preflight({ id, wanted }: UnitChange): Step[] {
  if (wanted?.preflight === undefined) return [];
  return [command(`check the configuration of ${id}`, wanted.preflight)];
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

export function idempotentTasks(wanted: UnitWanted): Task[] {
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
