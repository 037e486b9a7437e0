// demesne log: what was done to the estate's hosts, or what a gateway let through, from the ledger; `log verify` checks the
// whole chain, offline. It takes no lock: a gateway that runs is not held up by it. `log checkpoint` signs it.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { openLedger, type Ledger } from "../ledger/index.ts";
import { Problem } from "../lib/problem.ts";
import { compareCheckpoints, keepCheckpoint, toldOf } from "./checkpoints.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";

const LogOptions = z.strictObject({
  estate: z
    .string()
    .optional()
    .meta({ description: "the estate's folder; this folder without it", placeholder: "folder" }),
  gateway: z
    .string()
    .optional()
    .meta({ description: "instead of an estate: a gateway's state folder", placeholder: "folder" }),
  checkpoint: z
    .string()
    .optional()
    .meta({ description: "verify: also against this checkpoint, kept elsewhere", placeholder: "file" }),
  key: z.string().optional().meta({ description: "checkpoint: SSH key to sign with", placeholder: "file" }),
  json: z.boolean().optional().meta({ description: "print as JSON, one entry a line" }),
});
type Options = z.infer<typeof LogOptions>;

/** Where signed checkpoints of the applies' ledger are kept in the estate, to be committed and pushed. */
const CHECKPOINTS = ".demesne/checkpoints";

export const log = command({
  name: "log",
  summary: "show what was done to the hosts, verify the ledger (log verify) or sign it (log checkpoint)",
  arguments: [{ name: "action", description: "show, verify or checkpoint", default: "show" }],
  options: LogOptions,
  exits: ["done", "usage", "ledger", "interrupted"],
  run: runLog,
});

const actions: Record<string, (ledger: Ledger, context: Context, options: Options) => Promise<ExitName>> = {
  show,
  verify,
  checkpoint,
};

async function runLog(context: Context, [action = "show"]: readonly string[], options: Options): Promise<ExitName> {
  const chosen = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (chosen === undefined) {
    throw new Problem({
      code: "usage",
      where: `log ${action}`,
      what: "should be show, verify or checkpoint",
      fix: "demesne log verify",
    });
  }
  const folder =
    options.gateway === undefined ? join(options.estate ?? ".", ".demesne", "ledger") : join(options.gateway, "ledger");
  if (!existsSync(folder)) throw options.gateway === undefined ? noLedger(folder) : noAudit(folder);
  return await chosen(openLedger(folder), context, options);
}

function noLedger(folder: string): Problem {
  const fix = "name the estate with --estate; the first demesne apply makes its ledger";
  return new Problem({
    code: "usage",
    where: folder,
    what: "is not there, so nothing was applied from this folder yet",
    fix,
  });
}

function noAudit(folder: string): Problem {
  const fix = "name the folder that its configuration calls state; the first request makes its ledger";
  return new Problem({ code: "usage", where: folder, what: "is not there, so no gateway wrote it yet", fix });
}

async function show(ledger: Ledger, { out, signal }: Context, { json }: Options): Promise<ExitName> {
  for await (const entry of ledger.read({ signal })) {
    const { kind, ...rest } = entry.record;
    const parts = Object.entries(rest).map(
      ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    out(
      json === true
        ? `${JSON.stringify(entry)}\n`
        : `${String(entry.seq).padStart(5)}  ${entry.at}  ${kind}  ${parts.join(" ")}\n`,
    );
  }
  return "done";
}

async function verify(ledger: Ledger, context: Context, options: Options): Promise<ExitName> {
  return await (options.gateway === undefined ? verifyApplies : verifyGateway)(ledger, context, options);
}

async function verifyApplies(ledger: Ledger, { out, signal }: Context, options: Options): Promise<ExitName> {
  const place = { root: resolve(options.estate ?? "."), folder: CHECKPOINTS, signal };
  const more = options.checkpoint === undefined ? [] : [options.checkpoint];
  const compared = await compareCheckpoints(ledger, place, more);
  if (options.json === true) out(`${JSON.stringify(compared)}\n`);
  else tell(out, compared, `, compared ${toldOf(compared)}`);
  return compared.isSound ? "done" : "ledger";
}

async function verifyGateway(ledger: Ledger, { out, signal }: Context, options: Options): Promise<ExitName> {
  const { checkpoint: more, gateway = "", json } = options;
  const files = [...(more === undefined ? [] : [more]), ...(await ownCheckpoints(join(gateway, "checkpoints")))];
  const report = await ledger.verify(await Promise.all(files.map(readCheckpoint)), signal);
  if (json === true) out(`${JSON.stringify(report)}\n`);
  else tell(out, report, "");
  return report.isSound ? "done" : "ledger";
}

function tell(out: Context["out"], report: Awaited<ReturnType<Ledger["verify"]>>, compared: string): void {
  for (const { where, what } of report.faults) out(`${where}: ${what}\n`);
  const state = report.isSound ? "sound" : `${report.faults.length} faults`;
  out(`${report.size} entries, head ${report.head}${compared}: ${state}\n`);
}

async function checkpoint(ledger: Ledger, { out, signal }: Context, options: Options): Promise<ExitName> {
  if (options.gateway !== undefined) throw gatewayKeeps(options.gateway);
  const place = { root: resolve(options.estate ?? "."), folder: CHECKPOINTS, signal };
  const file = await keepCheckpoint(ledger, place, { name: "apply", key: options.key });
  out(`wrote ${file} and its signature: commit and push them\n`);
  return "done";
}

function gatewayKeeps(where: string): Problem {
  const fix = "copy them to where the gateway's user cannot write; for an estate: demesne log checkpoint --key FILE";
  return new Problem({ code: "usage", where, what: "keeps a checkpoint a day by itself, in checkpoints/", fix });
}

/** A gateway keeps one a day; they prove nothing against whoever has its rights, and a great deal against everybody else. */
async function ownCheckpoints(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => name.endsWith(".txt")).map((name) => join(folder, name));
}

async function readCheckpoint(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Problem({
      code: "usage",
      where: file,
      what: "cannot be read",
      fix: "name the checkpoint's text file",
      cause,
    });
  });
}
