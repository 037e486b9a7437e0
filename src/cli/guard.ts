// demesne guard: installs, inspects and tests what stands between a coding agent and this estate, and signs its audit.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { auditFolder, inspectGuard, installGuard, installManagedGuard, testGuard } from "../guard/index.ts";
import { openLedger } from "../ledger/index.ts";
import { Problem } from "../lib/problem.ts";
import { compareCheckpoints, keepCheckpoint, toldOf } from "./checkpoints.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";

const GuardOptions = z.strictObject({
  estate: z.string().default(".").meta({ description: "the estate's folder", placeholder: "folder" }),
  node: z
    .string()
    .default("/usr/bin/node")
    .meta({ description: "install: the Node (20 or later) that runs the hook, by its full path", placeholder: "file" }),
  managed: z
    .boolean()
    .optional()
    .meta({ description: "install: for every session on this machine, as root, out of the agent's reach" }),
  client: z.string().default("claude").meta({ description: "status: the client to look at", placeholder: "program" }),
  key: z.string().optional().meta({ description: "checkpoint: SSH key to sign with", placeholder: "file" }),
});
type Options = z.infer<typeof GuardOptions>;

/** Where signed checkpoints of the audit are kept in the estate, to be committed and pushed. */
const CHECKPOINTS = ".demesne/guard";

export const guard = command({
  name: "guard",
  summary: "install, status, test, checkpoint, verify: the guardrails of a coding agent in this estate",
  arguments: [{ name: "action", description: "install, status, test, checkpoint or verify", default: "status" }],
  options: GuardOptions,
  exits: ["done", "unhealthy", "usage", "prerequisite", "refused", "ledger", "interrupted"],
  run: runGuard,
});

const actions: Record<string, (context: Context, root: string, options: Options) => Promise<ExitName>> = {
  install,
  status,
  test,
  checkpoint,
  verify,
};

async function runGuard(context: Context, [action = "status"]: readonly string[], options: Options): Promise<ExitName> {
  const chosen = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (chosen !== undefined) return await chosen(context, resolve(options.estate), options);
  throw new Problem({
    code: "usage",
    where: `guard ${action}`,
    what: `should be one of ${Object.keys(actions).join(", ")}`,
    fix: "demesne guard status",
  });
}

async function install({ out }: Context, root: string, { managed, node }: Options): Promise<ExitName> {
  const written = managed === true ? await installManagedGuard("/", node) : await installGuard(root, node);
  for (const path of written) out(`wrote ${join(managed === true ? "/" : root, path)}\n`);
  return "done";
}

async function status({ out }: Context, root: string, { client }: Options): Promise<ExitName> {
  const faults = await inspectGuard(root, client);
  for (const { where, what, fix } of faults) out(`${where}: ${what}\nfix: ${fix}\n`);
  if (faults.length > 0) return "unhealthy";
  out(`the guard stands in ${root}; sessions that start below this folder are not guarded: start them here\n`);
  return "done";
}

async function test({ out, progress, signal }: Context, root: string): Promise<ExitName> {
  const installed = join(root, ".claude/hooks/guard.cjs");
  if (!existsSync(installed)) throw notInstalled(installed);
  progress.step("judging the corpus");
  const { cases, sampled, wrong } = await testGuard(root, installed, signal);
  for (const line of wrong) out(`${line}\n`);
  out(`${cases} cases judged, ${sampled} of them also by the hook as installed, ${wrong.length} wrong\n`);
  return wrong.length === 0 ? "done" : "unhealthy";
}

async function checkpoint({ out, signal }: Context, root: string, { key }: Options): Promise<ExitName> {
  const place = { root, folder: CHECKPOINTS, signal };
  const file = await keepCheckpoint(openLedger(audit(root)), place, { name: "guard", key });
  out(`wrote ${file} and its signature: commit and push them\n`);
  return "done";
}

async function verify({ out, signal }: Context, root: string): Promise<ExitName> {
  const compared = await compareCheckpoints(openLedger(audit(root)), { root, folder: CHECKPOINTS, signal });
  const { isSound, size, faults } = compared;
  for (const { where, what } of faults) out(`${where}: ${what}\n`);
  out(`${size} calls, compared ${toldOf(compared)}: ${isSound ? "sound" : "not sound"}\n`);
  return isSound ? "done" : "ledger";
}

function audit(root: string): string {
  const folder = auditFolder(root, homedir());
  if (existsSync(folder)) return folder;
  throw new Problem({
    code: "usage",
    where: folder,
    what: "is not there: no call was judged in this estate yet",
    fix: "name the estate with --estate",
  });
}

function notInstalled(where: string): Problem {
  return new Problem({ code: "prerequisite", where, what: "is not there", fix: "demesne guard install" });
}
