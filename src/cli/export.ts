// demesne export ansible: the whole estate as a plain Ansible project, so that nobody is locked in.
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { exportProject } from "../apply/index.ts";
import { loadEstate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { command, type Context } from "./command.ts";
import { estateSecrets } from "./estate-secrets.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, hostsOf, wantedOf } from "./host-plan.ts";
import { writeWhole } from "./write-whole.ts";

const ExportOptions = z.strictObject({
  estate: z
    .string()
    .optional()
    .meta({ description: "the estate's folder; this folder without it", placeholder: "folder" }),
});

export const exportCommand = command({
  name: "export",
  summary: "write the whole estate as a plain Ansible project",
  arguments: [
    { name: "format", description: "ansible" },
    { name: "folder", description: "where to write it; it must be empty or not exist" },
  ],
  options: ExportOptions,
  exits: ["done", "usage", "estate", "failed", "secret", "interrupted"],
  run: runExport,
});

async function runExport(
  context: Context,
  [format = "", folder = ""]: readonly string[],
  options: z.infer<typeof ExportOptions>,
): Promise<ExitName> {
  if (format !== "ansible")
    throw new Problem({
      code: "usage",
      where: format,
      what: "is not a format of export",
      fix: "demesne export ansible FOLDER",
    });
  await refuseFull(folder);
  const estate = await loadEstate(options.estate ?? ".", { signal: context.signal });
  const secrets = await estateSecrets(estate, context.signal);
  const hosts = hostsOf(estate, undefined).map((host) => {
    const { resources } = wantedOf({ estate, host, secrets, skipped: new Map(), isTwin: false });
    return { address: addressOf(host), resources };
  });
  const files = exportProject(estate.name, hosts);
  await writeFolder(folder, files);
  context.out(`${files.length} files written to ${folder}; start with its README.md\n`);
  return "done";
}

/** All files or none: they are written beside and renamed together. */
async function writeFolder(folder: string, files: ReturnType<typeof exportProject>): Promise<void> {
  const fresh = `${resolve(folder)}.${process.pid}.new`;
  try {
    await mkdir(fresh, { recursive: true });
    for (const { path, text } of files) await writeWhole(join(fresh, path), text);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function refuseFull(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  throw new Problem({
    code: "usage",
    where: folder,
    what: "is not empty, and nothing is overwritten",
    fix: "name a folder that does not exist yet",
  });
}
