// demesne secrets: work on encrypted secrets files, and look for secrets where they must not be.
import { access } from "node:fs/promises";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import {
  changeSecrets,
  checkSecrets,
  createSecrets,
  describeSecrets,
  editSecrets,
  systemRandom,
} from "../secrets/desk/index.ts";
import type { Desk, NewFile } from "../secrets/desk/index.ts";
import { loadIdentities, openSecrets } from "../secrets/index.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { renderFindings } from "./render/secret-findings.ts";
import { askYes, randomText, readFileText, readSecret } from "./secret-input.ts";
import { scanRepository } from "./secrets-scan.ts";

const FILE = "inventory/secrets.sops.yaml";
const ALLOWED_SIGNERS = "policy/allowed_signers";

const SecretsOptions = z.strictObject({
  file: z
    .string()
    .default(FILE)
    .meta({ description: `the secrets file (${FILE})`, placeholder: "path" }),
  type: z
    .enum(["str", "int", "float", "bool"])
    .default("str")
    .meta({ description: "set: what the value is", placeholder: "type" }),
  random: z.coerce
    .number()
    .int()
    .min(16)
    .max(1024)
    .optional()
    .meta({ description: "set: make up a value of so many bytes, in hex", placeholder: "bytes" }),
  recipient: z
    .string()
    .optional()
    .meta({ description: "edit, set: who may read a new file, without a .sops.yaml", placeholder: "recipient" }),
  add: z.string().optional().meta({ description: "recipients: let this one read too", placeholder: "recipient" }),
  remove: z.string().optional().meta({ description: "recipients: shut this one out", placeholder: "recipient" }),
  sign: z.boolean().optional().meta({ description: "recipients: sign them as they are" }),
  signingKey: z.string().optional().meta({ description: "SSH key that signs the recipients", placeholder: "file" }),
  allowedSigners: z
    .string()
    .optional()
    .meta({ description: `who may sign them (${ALLOWED_SIGNERS} if it is there)`, placeholder: "file" }),
  reseal: z.boolean().optional().meta({ description: "rotate: accept names and layout that were changed by hand" }),
  baseline: z.string().optional().meta({ description: "scan: findings that were looked at", placeholder: "file" }),
  tree: z.boolean().optional().meta({ description: "scan: the working tree only, not the history" }),
  sarif: z.string().optional().meta({ description: "scan: write the findings as SARIF too", placeholder: "file" }),
  json: z.boolean().optional().meta({ description: "check, scan, recipients: print as JSON" }),
});
type Options = z.infer<typeof SecretsOptions>;

export const secrets = command({
  name: "secrets",
  summary: "edit, get, set, rotate, recipients, check: encrypted secrets; scan: secrets where they must not be",
  arguments: [
    { name: "verb", description: "edit | get | set | rotate | recipients | check | scan" },
    { name: "name", description: "get, set: a/b/0; get without it lists the names", default: "" },
  ],
  options: SecretsOptions,
  exits: ["done", "usage", "prerequisite", "refused", "stale", "failed", "unhealthy", "secret", "interrupted"],
  run: runSecrets,
});

async function runSecrets(
  context: Context,
  [verb = "", name = ""]: readonly string[],
  options: Options,
): Promise<ExitName> {
  const run = VERBS.get(verb);
  if (run !== undefined) return await run(context, options, name);
  const fix = `one of: ${[...VERBS.keys()].join(", ")}`;
  throw new Problem({ code: "usage", where: "demesne secrets", what: `${JSON.stringify(verb)} is not a verb`, fix });
}

type Verb = (context: Context, options: Options, name: string) => Promise<ExitName>;

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["edit", edit],
  ["get", get],
  ["set", set],
  ["rotate", rotate],
  ["recipients", recipients],
  ["check", check],
  ["scan", async (context, options) => await scanRepository(context, options, options.file)],
]);

const effects = { clock: { now: () => Date.now() }, random: systemRandom };

async function edit(context: Context, options: Options): Promise<ExitName> {
  const desk = await deskOf(context, options);
  const changed = await editSecrets(effects, desk, {
    env: process.env,
    mayRetry: async ({ where, what }) => await askYes(`${where}: ${what}\nedit it again? [Y/n] `, context.signal),
    newFile: newFileOf(options),
  });
  context.out(changed === undefined ? "nothing was changed\n" : `${options.file} is written\n`);
  return "done";
}

async function get(context: Context, options: Options, name: string): Promise<ExitName> {
  const text = await readFileText(options.file);
  const file = { path: options.file, text };
  if (name === "") {
    context.out(
      describeSecrets(file)
        .names.map((each) => `${each}\n`)
        .join(""),
    );
    return "done";
  }
  const opened = await openSecrets(file, await loadIdentities(process.env, context.signal));
  const value = opened.get(name).unwrap();
  context.out(value.endsWith("\n") ? value : `${value}\n`);
  return "done";
}

async function set(context: Context, options: Options, name: string): Promise<ExitName> {
  if (name === "")
    throw new Problem({
      code: "usage",
      where: "demesne secrets set",
      what: "names no value",
      fix: "demesne secrets set a/b",
    });
  const desk = await deskOf(context, options);
  const value =
    options.random === undefined ? await readSecret(`value of ${name}: `, context.signal) : randomText(options.random);
  const at = name.split("/").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  if (await isThere(options.file)) await changeSecrets(effects, desk, { kind: "set", at, value, type: options.type });
  else await createSecrets(effects, desk, { kind: "set", at, value, type: options.type }, newFileOf(options));
  context.out(`${name} is set in ${options.file}\n`);
  return "done";
}

async function rotate(context: Context, options: Options): Promise<ExitName> {
  await changeSecrets(effects, await deskOf(context, options), { kind: "rotate", isReseal: options.reseal === true });
  context.out(`${options.file} has a new data key\n`);
  return "done";
}

async function recipients(context: Context, options: Options): Promise<ExitName> {
  const { file, sign } = options;
  const [add, remove] = [listOf(options.add), listOf(options.remove)];
  if (sign === true) await changeSecrets(effects, await deskOf(context, options), { kind: "sign" });
  if (add.length + remove.length > 0) {
    const changed = await changeSecrets(effects, await deskOf(context, options), { kind: "recipients", add, remove });
    if (changed.toReplace.length > 0) {
      context.out(`whoever was removed has read these values; replace them at their source:\n`);
      context.out(changed.toReplace.map((name) => `  ${name}\n`).join(""));
    }
  }
  const { recipients: groups } = describeSecrets({ path: file, text: await readFileText(file) });
  context.out(
    options.json === true
      ? `${JSON.stringify({ format: 1, file, groups })}\n`
      : groups
          .flat()
          .map((one) => `${one}\n`)
          .join(""),
  );
  return "done";
}

async function check(context: Context, options: Options): Promise<ExitName> {
  const desk = await deskOf(context, options);
  const findings = await checkSecrets({ path: options.file, text: await readFileText(options.file) }, desk);
  context.out(
    options.json === true ? `${JSON.stringify({ format: 1, findings })}\n` : renderFindings(findings, options.file),
  );
  return findings.some(({ severity }) => severity === "error") ? "unhealthy" : "done";
}

async function deskOf({ signal }: Context, options: Options): Promise<Desk> {
  const identities = await loadIdentities(process.env, signal);
  const allowedSigners = options.allowedSigners ?? ((await isThere(ALLOWED_SIGNERS)) ? ALLOWED_SIGNERS : undefined);
  const signers = allowedSigners === undefined ? undefined : { allowedSigners, signingKey: options.signingKey, signal };
  return { path: options.file, identities, signers };
}

function newFileOf({ recipient }: Options): NewFile | undefined {
  return recipient === undefined ? undefined : { groups: [listOf(recipient)] };
}

function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
