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
  system: z.boolean().default(true).meta({ description: "Takes a number from the system range" }),
});
export type GroupWanted = z.infer<typeof GroupWanted>;

export const GroupObserved = z.strictObject({ present: z.boolean() });
export type GroupObserved = z.infer<typeof GroupObserved>;

const query: Query = { ask: "stat", path: "/etc/group", content: true };

export const group: Kind<GroupWanted, GroupObserved> = {
  kind: "group",
  purpose: "A group of the host's own database.",
  wanted: GroupWanted,
  observed: GroupObserved,
  ownable: false,
  absent: { present: false },
  id: (wanted) => wanted.name,
  needs: () => [],

  probe: () => [query],
  read(id, answers) {
    const lines = readDatabase(answers, query);
    return "unobservable" in lines ? lines : { present: lines.rows.some((row) => row[0] === id) };
  },

  compare: (_wanted, observed) =>
    observed.present
      ? same
      : {
          verdict: "differs",
          action: "create",
          differences: [{ path: "group", from: null, to: "present" }],
          risk: "routine",
        },
  isPresent: (observed) => observed.present,

  predict: () => ({}),
  touches: () => ({ paths: ["/etc/group", "/etc/gshadow"] }),

  tasks: (changes) =>
    changes.map(({ id, wanted }) =>
      wanted === undefined
        ? task(`remove the group ${id}`, "group", { name: id, state: "absent" })
        : task(`make the group ${id}`, "group", { name: id, system: wanted.system }),
    ),
  idempotent: ({ name, system }) => [{ name: `make the group ${name}`, module: "group", args: { name, system } }],

  sentence: ({ action, id }) => `${action === "remove" ? "remove" : "make"} the group ${id}`,
};

/** The rows of a colon-separated database such as /etc/passwd. */
export function readDatabase(answers: Answers, from: Query): NoAnswer | { readonly rows: readonly string[][] } {
  const answer = answers(from);
  if ("unobservable" in answer) return answer;
  const { content } = StatAnswer.parse(answer);
  if (content === undefined) return { unobservable: `${from.ask === "stat" ? from.path : from.ask} cannot be read` };
  return { rows: content.split("\n").map((line) => line.split(":")) };
}
