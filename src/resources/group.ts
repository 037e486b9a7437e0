// A group of the host's own database (/etc/group).
import { z } from "zod";
import { same, type Kind } from "./kind.ts";
import { StatAnswer, type Answers, type NoAnswer, type Query } from "./query.ts";
import { task } from "./step.ts";

export const GroupWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/)
    .meta({ description: "Group name", examples: ["demesne-gateway"] }),
  gid: z.int().optional().meta({ description: "Number, where containers know it by number" }),
  system: z.boolean().default(true).meta({ description: "Takes a number from the system range" }),
});
export type GroupWanted = z.infer<typeof GroupWanted>;

export const GroupObserved = z.strictObject({ present: z.boolean(), gid: z.int().nullable() });
export type GroupObserved = z.infer<typeof GroupObserved>;

const query: Query = { ask: "stat", path: "/etc/group", content: true };

export const group: Kind<GroupWanted, GroupObserved> = {
  kind: "group",
  purpose: "A group of the host's own database.",
  wanted: GroupWanted,
  observed: GroupObserved,
  ownable: false,
  absent: { present: false, gid: null },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: () => [query],
  read(id, answers) {
    const database = readDatabase(answers, query);
    if ("unobservable" in database) return database;
    const row = database.rows.find((each) => each[0] === id);
    return row === undefined ? group.absent : { present: true, gid: Number(row[2]) };
  },

  compare(wanted, observed) {
    if (!observed.present) {
      const differences = [{ path: "group", from: null, to: "present" }];
      return { verdict: "differs", action: "create", differences, risk: "routine" };
    }
    if (wanted.gid === undefined || wanted.gid === observed.gid) return same;
    return {
      verdict: "refused",
      what: `the group ${wanted.name} has the number ${observed.gid}, and containers know it as ${wanted.gid}`,
      fix: `on the host: groupmod --gid ${wanted.gid} ${wanted.name}, and look for files of the old number`,
    };
  },
  isPresent: (observed) => observed.present,

  predict: () => ({}),
  touches: () => ({ paths: ["/etc/group", "/etc/gshadow"] }),

  tasks: (changes) =>
    changes.map(({ id, wanted }) =>
      wanted === undefined
        ? task(`remove the group ${id}`, "group", { name: id, state: "absent" })
        : task(`make the group ${id}`, "group", groupArgs(wanted)),
    ),
  idempotent: (wanted) => [{ name: `make the group ${wanted.name}`, module: "group", args: groupArgs(wanted) }],

  sentence: ({ action, id }) => `${action === "remove" ? "remove" : "make"} the group ${id}`,
};

function groupArgs({ name, system, gid }: GroupWanted) {
  return { name, system, ...(gid === undefined ? {} : { gid }) };
}

/** The rows of a colon-separated database such as /etc/passwd. */
export function readDatabase(answers: Answers, from: Query): NoAnswer | { readonly rows: readonly string[][] } {
  const answer = answers(from);
  if ("unobservable" in answer) return answer;
  const { content } = StatAnswer.parse(answer);
  if (content === undefined) return { unobservable: `${from.ask === "stat" ? from.path : from.ask} cannot be read` };
  return { rows: content.split("\n").map((line) => line.split(":")) };
}
