// demesne test: is the estate fit to be planned from? Its services hold their invariants, the guard judges as it should, no
// secret stands where it must not, no question is open. It reads the estate's folder and its history; no host is asked.
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { openQuestions, readDocuments } from "../init/index.ts";
import { Problem } from "../lib/problem.ts";
import { checkSecrets } from "../secrets/desk/index.ts";
import { loadIdentities } from "../secrets/index.ts";
import { isInRepository } from "../secrets/scan/index.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { renderTest } from "./render/test.ts";
import { readFileText } from "./secret-input.ts";
import { scanFolder, writeSarif } from "./secrets-scan.ts";
import { testGuardHere, testServices } from "./test-gates.ts";
import { placed, placedScan, type Placed, type Tested } from "./tested.ts";

const SECRETS_FILE = "inventory/secrets.sops.yaml";
const ALLOWED_SIGNERS = "policy/allowed_signers";

const TestOptions = z.strictObject({
  baseline: z.string().optional().meta({ description: "findings that were looked at", placeholder: "file" }),
  sarif: z.string().optional().meta({ description: "write the findings as SARIF too", placeholder: "file" }),
  strict: z.boolean().optional().meta({ description: "questions that are still open are errors" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});

export const test = command({
  name: "test",
  summary: "test the estate without touching a host: services, guard, secrets in files and history",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: TestOptions,
  exits: ["done", "usage", "estate", "prerequisite", "unhealthy", "secret", "interrupted"],
  run: runTest,
});

async function runTest(
  context: Context,
  [folder = "."]: readonly string[],
  options: z.infer<typeof TestOptions>,
): Promise<ExitName> {
  if (!(await isThere(join(folder, "estate.yaml")))) throw noEstate(folder);
  const isRepository = await isInRepository(folder);
  const scan = { folder, isHistoryIncluded: true, isPlainFolder: !isRepository, baseline: options.baseline };
  const { scanned, known } = await scanFolder(scan, join(folder, SECRETS_FILE), context.signal);
  const checked = await checkFile(folder, context.signal);
  const services = await testServices(folder, context.signal);
  const guard = await testGuardHere(resolve(folder), context.signal);
  const open = openQuestions(await readDocuments(folder)).map((each) => placedQuestion(each, options.strict === true));
  const gates = [...services.findings, ...(guard?.findings ?? [])];
  const findings = [...gates, ...(checked ?? []), ...scanned.findings.map(placedScan), ...open];
  const { files, commits, bytes, leftOut, waived } = scanned;
  const waivedAll = waived.length + services.waived;
  const looked = { files, commits, bytes, leftOut, waived: waivedAll, knownValues: known ?? null };
  const tests = {
    services: services.services,
    guard: guard === undefined ? null : { cases: guard.cases, sampled: guard.sampled },
  };
  const tested: Tested = {
    format: 1,
    findings,
    isRepository,
    isSecretsFileThere: checked !== undefined,
    ...tests,
    ...looked,
  };
  if (options.sarif !== undefined)
    await writeSarif(options.sarif, [
      ...gates.flatMap(sarifAs("invariant")),
      ...(checked ?? []).flatMap(sarifAs("secrets-file")),
      ...scanned.findings,
      ...waived,
    ]);
  context.out(options.json === true ? `${JSON.stringify(tested)}\n` : renderTest(tested, SECRETS_FILE));
  if (scanned.findings.length > 0 || (checked ?? []).some(isError)) return "secret";
  if (services.findings.length > 0) return "estate";
  return [...(guard?.findings ?? []), ...open].some(isError) ? "unhealthy" : "done";
}

/** Findings about the secrets file; undefined when there is none yet. */
async function checkFile(folder: string, signal: AbortSignal): Promise<Placed[] | undefined> {
  const path = join(folder, SECRETS_FILE);
  if (!(await isThere(path))) return undefined;
  const text = await readFileText(path);
  const allowedSigners = join(folder, ALLOWED_SIGNERS);
  const signers = (await isThere(allowedSigners)) ? { allowedSigners, signingKey: undefined, signal } : undefined;
  const identities = await loadIdentities(process.env, signal);
  const findings = await checkSecrets({ path, text }, { identities, signers });
  return findings.map((each) => placed(each, { path, text, shown: SECRETS_FILE }));
}

type OpenQuestion = ReturnType<typeof openQuestions>[number];

/** What only a person can state; to be stated before the estate holds personal data. */
function placedQuestion({ file, line, question }: OpenQuestion, isStrict: boolean): Placed {
  const fix = "write the answer in its place and take the mark out";
  return { severity: isStrict ? "error" : "warning", file, line, what: `open question: ${question}`, fix };
}

function isError({ severity }: Placed): boolean {
  return severity === "error";
}

/** Warnings are no results: what reads SARIF takes each for an error. */
function sarifAs(rule: string) {
  return ({ severity, file: path, line, what }: Placed) => {
    const fingerprint = [path, rule, line].join(":");
    return severity === "error" ? [{ rule, what, path, line, commit: undefined, fingerprint, waived: undefined }] : [];
  };
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function noEstate(folder: string): Problem {
  const fix = "name a folder that holds an estate.yaml, such as examples/harbour";
  return new Problem({ code: "estate", where: folder, what: "holds no estate.yaml", fix });
}
