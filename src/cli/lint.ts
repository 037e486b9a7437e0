// demesne lint: everything that is wrong with an estate's files, with place and fix. No host is asked anything.
import { z } from "zod";
import { sarif } from "../lint/index.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { lintEstate } from "./linted.ts";
import { renderLint } from "./render/lint.ts";
import { version } from "./version.ts";

const LintOptions = z.strictObject({
  format: z
    .enum(["text", "json", "sarif"])
    .default("text")
    .meta({ description: "text, json or sarif", placeholder: "format" }),
  strict: z.boolean().optional().meta({ description: "end with an error for warnings too" }),
});

export const lint = command({
  name: "lint",
  summary: "check every file of the estate: schemas, names, containers, images, scripts, modes",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: LintOptions,
  exits: ["done", "usage", "estate", "unhealthy", "interrupted"],
  run: runLint,
});

async function runLint(
  { out, signal }: Context,
  [folder = "."]: readonly string[],
  { format, strict }: z.infer<typeof LintOptions>,
): Promise<ExitName> {
  const linted = await lintEstate(folder, signal);
  if (format === "sarif") out(`${JSON.stringify(sarif(linted.findings, version()), null, 2)}\n`);
  else if (format === "json") out(`${JSON.stringify({ format: 1, ...linted })}\n`);
  else out(renderLint(linted));
  const counting = linted.findings.filter(({ waived }) => waived === undefined);
  if (counting.some(({ severity }) => severity === "error")) return "estate";
  return counting.length > 0 && strict === true ? "unhealthy" : "done";
}
