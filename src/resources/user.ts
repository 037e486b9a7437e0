// An account of the host's own database: shell, home, groups, and no password that anybody could try.
import { z } from "zod";
import { readDatabase } from "./group.ts";
import { difference, same, type Difference, type Kind } from "./kind.ts";
import { RunAnswer, type Query } from "./query.ts";
import { task } from "./step.ts";

export const UserWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/)
    .meta({ description: "User name", examples: ["ops"] }),
  system: z.boolean().default(false).meta({ description: "Takes a number from the system range" }),
  shell: z.string().default("/bin/bash").meta({ description: "Login shell" }),
  home: z.string().startsWith("/").meta({ description: "Home directory" }),
  createHome: z.boolean().default(true).meta({ description: "Make the home directory with the account" }),
  groups: z.array(z.string()).default([]).meta({ description: "Further groups it is at least in" }),
});
export type UserWanted = z.infer<typeof UserWanted>;

export const UserObserved = z.strictObject({
  present: z.boolean(),
  shell: z.string(),
  home: z.string(),
  groups: z.array(z.string()).meta({ description: "Further groups, sorted" }),
  password: z.enum(["locked", "set", "empty", "none"]),
});
export type UserObserved = z.infer<typeof UserObserved>;

const passwd: Query = { ask: "stat", path: "/etc/passwd", content: true };
const groups: Query = { ask: "stat", path: "/etc/group", content: true };
const status: Query = { ask: "run", argv: ["passwd", "--status", "--all"] };

export const user: Kind<UserWanted, UserObserved> = {
  kind: "user",
  purpose: "An account of the host's own database: shell, home, groups, and a locked password.",
  wanted: UserWanted,
  observed: UserObserved,
  ownable: true,
  removalRisk: "connectivity",
  absent: { present: false, shell: "", home: "", groups: [], password: "none" },
  id: (wanted) => wanted.name,
  needs: (wanted) => wanted.groups.map((name) => `group:${name}` as const),

  probe: () => [passwd, groups, status],
  read(id, answers) {
    const accounts = readDatabase(answers, passwd);
    if ("unobservable" in accounts) return accounts;
    const memberships = readDatabase(answers, groups);
    if ("unobservable" in memberships) return memberships;
    const states = answers(status);
    if ("unobservable" in states) return states;
    const passwords = RunAnswer.parse(states);
    if (passwords.status !== 0) return { unobservable: `passwd --status failed: ${passwords.stderr.trim()}` };
    const row = accounts.rows.find((each) => each[0] === id);
    if (row === undefined) return user.absent;
    return {
      present: true,
      home: row[5] ?? "",
      shell: row[6] ?? "",
      groups: memberships.rows
        .filter((each) => (each[3] ?? "").split(",").includes(id))
        .map((each) => each[0] ?? "")
        .sort(),
      password: readPassword(passwords.stdout, id),
    };
  },

  compare(wanted, observed) {
    if (!observed.present) {
      const differences = [
        {
          path: "account",
          from: null,
          to: `${wanted.shell}, ${wanted.home}${wanted.groups.map((name) => `, ${name}`).join("")}`,
        },
      ];
      return { verdict: "differs", action: "create", differences, risk: "routine" };
    }
    const differences = [
      ...difference("shell", observed.shell, wanted.shell),
      ...difference("home", observed.home, wanted.home),
      ...missingGroups(wanted, observed),
      ...(observed.password === "locked" ? [] : difference("password", observed.password, "locked")),
    ];
    return differences.length === 0 ? same : { verdict: "differs", action: "update", differences, risk: "routine" };
  },
  isPresent: (observed) => observed.present,

  predict: () => ({}),
  touches: () => ({ paths: ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"] }),

  tasks: (changes) =>
    changes.map(({ id, wanted }) =>
      // The home directory stays: it may hold a person's data.
      wanted === undefined
        ? task(`remove the user ${id}`, "user", { name: id, state: "absent", remove: false, force: true })
        : task(`manage the user ${id}`, "user", userArgs(wanted)),
    ),
  idempotent: (wanted) => [{ name: `manage the user ${wanted.name}`, module: "user", args: userArgs(wanted) }],

  sentence(change) {
    if (change.action === "remove") return `remove the user ${change.id} (its home directory stays)`;
    if (change.action === "create") return `make the user ${change.id}`;
    return `change ${change.differences.map((each) => each.path).join(", ")} of the user ${change.id}`;
  },
};

/** `passwd --status` says L, P or NP in its second column. */
function readPassword(stdout: string, id: string): UserObserved["password"] {
  const state = stdout
    .split("\n")
    .map((line) => line.split(" "))
    .find((columns) => columns[0] === id)?.[1];
  if (state === "L") return "locked";
  if (state === "NP") return "empty";
  return state === "P" ? "set" : "none";
}

function missingGroups(wanted: UserWanted, observed: UserObserved): Difference[] {
  const missing = wanted.groups.filter((name) => !observed.groups.includes(name));
  return missing.length === 0
    ? []
    : [{ path: "groups", from: observed.groups.join(", "), to: [...observed.groups, ...missing].join(", ") }];
}

function userArgs({ name, system, shell, home, createHome, groups: further }: UserWanted) {
  return {
    name,
    system,
    shell,
    home,
    create_home: createHome,
    groups: [...further],
    append: true,
    password_lock: true,
  };
}
