// What a plan runs, literally. Three shapes, so that many changes cost few Ansible tasks (one task costs 0.5 s and more).
import { z } from "zod";

/** One path of a tree that is unpacked in one go, parents before children. */
export const TreeEntry = z.strictObject({
  path: z.string().startsWith("/").meta({ description: "Absolute path" }),
  type: z.enum(["file", "directory"]).meta({ description: "What stands there" }),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/)
    .meta({ description: "Its permissions, octal" }),
  owner: z.string().meta({ description: "Name of its owner" }),
  group: z.string().meta({ description: "Name of its group" }),
  content: z.string().optional().meta({ description: "Text of a file" }),
  secret: z
    .strictObject({
      name: z.string().meta({ description: "Its path in the secrets file" }),
      template: z.string().meta({ description: "The text, in which `{}` stands for the secret" }),
    })
    .optional()
    .meta({ description: "Secret that the text is made of; opened at apply only" }),
});
export type TreeEntry = z.infer<typeof TreeEntry>;

/** One Ansible task with a builtin module. */
export const Task = z.strictObject({
  name: z.string().meta({ description: "What it does, in words" }),
  module: z.string().meta({ description: "Short name of a module in ansible.builtin" }),
  args: z.record(z.string(), z.json()).meta({ description: "The module's arguments" }),
  noLog: z.boolean().optional(),
  templated: z
    .boolean()
    .optional()
    .meta({ description: "Its arguments hold templates on purpose; only in exported projects" }),
  changedWhen: z.string().optional().meta({ description: "Only in exported projects" }),
  failedWhen: z.string().optional(),
  register: z.string().optional(),
  checkMode: z.boolean().optional(),
  when: z.string().optional(),
});
export type Task = z.infer<typeof Task>;

/** One program of the host, run as it stands; neighbours become one task that stops at the first that fails. */
export const Command = z.strictObject({
  name: z.string().meta({ description: "What it does, in words" }),
  argv: z.array(z.string()).min(1).meta({ description: "The program and its words; no shell reads them" }),
});
export type Command = z.infer<typeof Command>;

export const Step = z.discriminatedUnion("step", [
  z.strictObject({
    step: z.literal("tree"),
    entries: z.array(TreeEntry).meta({ description: "Paths that are unpacked in one go, parents first" }),
  }),
  z.strictObject({
    step: z.literal("commands"),
    commands: z.array(Command).meta({ description: "Programs that run in order; the first that fails ends the step" }),
  }),
  z.strictObject({
    step: z.literal("task"),
    task: Task.meta({ description: "One Ansible task with a builtin module" }),
  }),
]);
export type Step = z.infer<typeof Step>;

/** A step that is one task. */
export function task(name: string, module: string, args: Task["args"]): Step {
  return { step: "task", task: { name, module, args } };
}

/** A step that runs one program on the host. */
export function command(name: string, argv: readonly string[]): Step {
  return { step: "commands", commands: [{ name, argv: [...argv] }] };
}

/** The same as a task of its own, for exported projects. */
export function commandTask(name: string, argv: readonly string[]): Task {
  return { name, module: "command", args: { argv: [...argv] } };
}
