// A regular file with exactly this text, mode and owner.
import { z } from "zod";
import { digest } from "../lib/digest.ts";
import { difference, same, type Change, type Difference, type Facts, type Kind } from "./kind.ts";
import { absentPath, identity, parents, pathObserved, readPath, unownedTree } from "./path.ts";
import type { Query } from "./query.ts";
import { task, type Step, type Task } from "./step.ts";

export const FileWanted = z
  .strictObject({
    path: z
      .string()
      .startsWith("/")
      .meta({ description: "Absolute path", examples: ["/etc/motd"] }),
    content: z.string().optional().meta({ description: "The whole text; absent when the text is a secret" }),
    secret: z
      .strictObject({
        name: z.string().meta({ description: "Reference of the secret" }),
        template: z
          .string()
          .optional()
          .meta({ description: "Text in which {} stands for the secret; without it the secret is the text" }),
        digest: z.string().meta({ description: "Keyed digest of the whole text" }),
      })
      .optional()
      .meta({ description: "The secret that the text is made of" }),
    mode: z
      .string()
      .regex(/^0[0-7]{3}$/)
      .default("0644")
      .meta({ description: "Octal mode", examples: ["0640"] }),
    owner: z.string().default("root").meta({ description: "User name" }),
    group: z.string().default("root").meta({ description: "Group name" }),
    validate: z
      .array(z.string())
      .optional()
      .meta({
        description: "Program that must accept the text before it is put in place; %s is the new file",
        examples: [["visudo", "-cf", "%s"]],
      }),
  })
  .refine(({ content, secret }) => (content === undefined) !== (secret === undefined), {
    message: "either a content or a secret, and one of them",
  })
  .refine(({ secret, validate }) => secret === undefined || validate === undefined, {
    message: "a secret text is unpacked with others, and no program looks at it first",
  });
export type FileWanted = z.infer<typeof FileWanted>;

export const FileObserved = pathObserved;
export type FileObserved = z.infer<typeof FileObserved>;

export const file: Kind<FileWanted, FileObserved> = {
  kind: "file",
  purpose: "A regular file with exactly this text, mode and owner.",
  wanted: FileWanted,
  observed: FileObserved,
  ownable: true,
  absent: absentPath,
  id: (wanted) => wanted.path,
  needs: (wanted) => [...identity(wanted), ...parents(wanted.path)],

  probe: (id, wanted) => [query(id, wanted)],
  read: (id, answers, wanted) => readPath(answers(query(id, wanted))),

  compare(wanted, observed) {
    if (observed.type === "absent") {
      return { verdict: "differs", action: "create", differences: created(wanted), risk: "routine" };
    }
    if (observed.type !== "file") return unownedTree(wanted.path, observed.type, "file");
    const differences = [
      ...contentDifference(wanted, observed),
      ...difference("mode", observed.mode, wanted.mode),
      ...difference("owner", observed.owner, wanted.owner),
      ...difference("group", observed.group, wanted.group),
    ];
    return differences.length === 0 ? same : { verdict: "differs", action: "update", differences, risk: "routine" };
  },
  isPresent: (observed) => observed.type === "file",

  predict: (change) => ({ ...broughtUnit(change), ...rewritten(change) }),
  touches: (change) => ({ paths: [change.id] }),

  tasks(changes) {
    const removed = changes.filter((change) => change.action === "remove").map((change) => absent(change.id));
    const put = changes.flatMap(({ wanted }) => (wanted === undefined ? [] : [putStep(wanted)]));
    // Trees stand together, so that they become one.
    return [...removed, ...put.filter((each) => each.step === "tree"), ...put.filter((each) => each.step !== "tree")];
  },
  idempotent: (wanted) => [wanted.secret === undefined ? copyTask(wanted) : secretTask(wanted, wanted.secret)],

  sentence(change) {
    if (change.action === "remove") return `remove the file ${change.id}`;
    if (change.action === "create") return `write ${change.id}`;
    return `change ${change.differences.map((each) => each.path).join(", ")} of ${change.id}`;
  },
};

/** The text of a secret is never asked for; nor is that of what is only to be removed, since it may be one. */
function query(path: string, wanted: FileWanted | undefined): Query {
  if (wanted === undefined) return { ask: "stat", path };
  return wanted.secret === undefined ? { ask: "stat", path, content: true } : { ask: "stat", path, keyed: true };
}

/** A unit file brings its unit, neither enabled nor started. */
function broughtUnit(change: FileChange): Facts {
  const name = /^\/etc\/systemd\/system\/([^/]+\.(?:service|socket|timer|target))$/.exec(change.id)?.[1];
  return name === undefined || change.action === "remove"
    ? {}
    : { units: { [name]: { enabled: false, active: false } } };
}

/** A unit or a container that reads the file may run with the text that was found. */
function rewritten(change: FileChange): Facts {
  const isRewritten = change.action !== "remove" && change.differences.some((each) => each.path === "content");
  return isRewritten ? { rewritten: [change.ref] } : {};
}

function created(wanted: FileWanted): Difference[] {
  return [
    { path: "content", from: null, to: wanted.content ?? secretLabel(wanted) },
    { path: "mode", from: null, to: wanted.mode },
    { path: "owner", from: null, to: `${wanted.owner}:${wanted.group}` },
  ];
}

function contentDifference(wanted: FileWanted, observed: FileObserved): Difference[] {
  if (wanted.secret !== undefined) {
    const known = observed.digest === wanted.secret.digest;
    return known ? [] : [{ path: "content", from: "another secret text", to: secretLabel(wanted) }];
  }
  // A text that is too long to be sent along is known by its digest.
  if (observed.content === undefined && observed.digest === digest(wanted.content ?? "")) return [];
  return difference(
    "content",
    observed.content ?? `a text that cannot be shown (${observed.digest})`,
    wanted.content ?? "",
  );
}

function secretLabel(wanted: FileWanted): string {
  return `the secret ${wanted.secret?.name}`;
}

/** Files that need no validation are unpacked together; the others are checked by a program of the host first. */
function putStep(wanted: FileWanted): Step {
  if (wanted.validate !== undefined) return { step: "task", task: copyTask(wanted) };
  const { path, mode, owner, group, content, secret } = wanted;
  const text =
    secret === undefined
      ? { content: content ?? "" }
      : { secret: { name: secret.name, template: secret.template ?? "{}" } };
  return { step: "tree", entries: [{ path, type: "file", mode, owner, group, ...text }] };
}

function copyTask(wanted: FileWanted): Task {
  const { path, mode, owner, group, content, validate } = wanted;
  return {
    name: `write ${path}`,
    module: "copy",
    args: {
      dest: path,
      content: content ?? "",
      mode,
      owner,
      group,
      ...(validate === undefined ? {} : { validate: validate.join(" ") }),
    },
  };
}

/** An exported project holds no secrets: it takes them from a variable that its user fills. */
function secretTask(wanted: FileWanted, { name, template = "{}" }: NonNullable<FileWanted["secret"]>): Task {
  const content = template.replace("{}", () => `{{ demesne_secrets['${name}'] }}`);
  return { ...copyTask({ ...wanted, content }), noLog: true, templated: true };
}

function absent(path: string): Step {
  return task(`remove ${path}`, "file", { path, state: "absent" });
}

type FileChange = Change<FileWanted, FileObserved>;
