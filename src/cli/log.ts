// demesne log: what was done to the estate's hosts, or what a gateway let through, from the ledger; `log verify` checks the
// whole chain, offline. It takes no lock: a gateway that runs is not held up by it.
import { readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openLedger, type Ledger } from "../ledger/index.ts";
import { Problem } from "../lib/problem.ts";
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
  json: z.boolean().optional().meta({ description: "print as JSON, one entry a line" }),
});
type Options = z.infer<typeof LogOptions>;

export const log = command({
  name: "log",
  summary: "show what was done to the hosts, or verify the ledger (log verify)",
  arguments: [{ name: "action", description: "show or verify", default: "show" }],
  options: LogOptions,
  exits: ["done", "usage", "ledger", "interrupted"],
  run: runLog,
});

async function runLog(context: Context, [action = "show"]: readonly string[], options: Options): Promise<ExitName> {
  if (action !== "show" && action !== "verify") {
    throw new Problem({
      code: "usage",
      where: `log ${action}`,
      what: "should be show or verify",
      fix: "demesne log verify",
    });
  }
  const folder =
    options.gateway === undefined ? join(options.estate ?? ".", ".demesne", "ledger") : join(options.gateway, "ledger");
  if (!existsSync(folder)) throw options.gateway === undefined ? noLedger(folder) : noAudit(folder);
  const ledger = openLedger(folder);
  return await (action === "show" ? show : verify)(ledger, context, options);
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

async function verify(ledger: Ledger, { out, signal }: Context, options: Options): Promise<ExitName> {
  const { checkpoint, gateway, json } = options;
  const files = [
    ...(checkpoint === undefined ? [] : [checkpoint]),
    ...(gateway === undefined ? [] : await ownCheckpoints(join(gateway, "checkpoints"))),
  ];
  const texts = await Promise.all(files.map(readCheckpoint));
  const report = await ledger.verify(texts, signal);
  if (json === true) out(`${JSON.stringify(report)}\n`);
  else {
    for (const { where, what } of report.faults) out(`${where}: ${what}\n`);
    out(
      `${report.size} entries, head ${report.head}: ${report.isSound ? "sound" : `${report.faults.length} faults`}\n`,
    );
  }
  return report.isSound ? "done" : "ledger";
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
