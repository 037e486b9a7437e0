// A directory with this mode and owner. What lies in it is not looked at, and only an empty one is ever removed.
import { z } from "zod";
import { difference, same, type Kind } from "./kind.ts";
import { absentPath, identity, parents, pathObserved, readPath, unownedTree, type PathObserved } from "./path.ts";
import { command } from "./step.ts";

export const DirectoryWanted = z.strictObject({
  path: z
    .string()
    .startsWith("/")
    .meta({ description: "Absolute path", examples: ["/etc/demesne"] }),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/)
    .default("0755")
    .meta({ description: "Octal mode" }),
  owner: z.string().default("root").meta({ description: "User name" }),
  group: z.string().default("root").meta({ description: "Group name" }),
});
export type DirectoryWanted = z.infer<typeof DirectoryWanted>;

export const directory: Kind<DirectoryWanted, PathObserved> = {
  kind: "directory",
  purpose: "A directory with this mode and owner; what lies in it is not looked at.",
  wanted: DirectoryWanted,
  observed: pathObserved,
  ownable: true,
  absent: absentPath,
  id: (wanted) => wanted.path,
  needs: (wanted) => [...identity(wanted), ...parents(wanted.path)],

  probe: (id) => [{ ask: "stat", path: id }],
  read: (id, answers) => readPath(answers({ ask: "stat", path: id })),

  compare(wanted, observed) {
    if (observed.type === "absent") {
      const differences = [
        { path: "mode", from: null, to: wanted.mode },
        { path: "owner", from: null, to: `${wanted.owner}:${wanted.group}` },
      ];
      return { verdict: "differs", action: "create", differences, risk: "routine" };
    }
    if (observed.type !== "directory") return unownedTree(wanted.path, observed.type, "directory");
    const differences = [
      ...difference("mode", observed.mode, wanted.mode),
      ...difference("owner", observed.owner, wanted.owner),
      ...difference("group", observed.group, wanted.group),
    ];
    return differences.length === 0 ? same : { verdict: "differs", action: "update", differences, risk: "routine" };
  },
  isPresent: (observed) => observed.type === "directory",

  predict: () => ({}),
  touches: (change) => ({ paths: [change.id] }),

  tasks(changes) {
    // Not `file: state=absent`, which would take everything below with it.
    const removed = changes
      .filter((change) => change.action === "remove")
      .map(({ id }) =>
        command(`remove the directory ${id} if it is empty`, ["rmdir", "--ignore-fail-on-non-empty", id]),
      );
    const put = changes.flatMap(({ wanted }) =>
      wanted === undefined ? [] : [{ step: "tree" as const, entries: [{ type: "directory" as const, ...wanted }] }],
    );
    return [...removed, ...put];
  },
  idempotent: (wanted) => [
    { name: `make the directory ${wanted.path}`, module: "file", args: { state: "directory", ...wanted } },
  ],

  sentence(change) {
    if (change.action === "remove") return `remove the directory ${change.id} if it is empty`;
    if (change.action === "create") return `make the directory ${change.id}`;
    return `change ${change.differences.map((each) => each.path).join(", ")} of the directory ${change.id}`;
  },
};
