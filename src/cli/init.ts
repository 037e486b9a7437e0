// demesne init: writes a complete estate into an empty folder, or goes on where an earlier run was stopped.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { Answers, initEstate } from "../init/index.ts";
import { Problem } from "../lib/problem.ts";
import { systemRandom } from "../secrets/desk/index.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { askAll } from "./init-questions.ts";
import { renderInit } from "./render/init.ts";
import { version } from "./version.ts";

const asked = Answers.shape;
const about = (schema: z.ZodType, placeholder: string) => ({
  description: schema.meta()?.description ?? "",
  placeholder,
});

const InitOptions = z.strictObject({
  yes: z.boolean().optional().meta({ description: "ask nothing: what is not given is an example, marked as open" }),
  profile: asked.profile.removeDefault().optional().meta(about(asked.profile, "profile")),
  name: asked.name.optional().meta(about(asked.name, "name")),
  domain: asked.domain.meta(about(asked.domain, "domain")),
  address: asked.address.meta(about(asked.address, "address")),
  os: asked.os.removeDefault().optional().meta(about(asked.os, "system")),
  user: asked.user.removeDefault().optional().meta(about(asked.user, "account")),
  hostKey: asked.hostKey.meta(about(asked.hostKey, "key")),
  from: asked.from.meta(about(asked.from, "network")),
  publicKey: asked.publicKey.meta(about(asked.publicKey, "key")),
  node: z
    .string()
    .optional()
    .meta({ description: "the Node (20 or later) that runs the guard's hook, by its full path", placeholder: "file" }),
});
type Options = z.infer<typeof InitOptions>;

export const init = command({
  name: "init",
  summary: "write a complete estate into an empty folder, or go on where an earlier run was stopped",
  arguments: [{ name: "folder", description: "where to; it must be empty or not exist" }],
  options: InitOptions,
  exits: ["done", "usage", "estate", "prerequisite", "refused", "failed", "secret", "interrupted"],
  run: runInit,
});

async function runInit(context: Context, [folder = ""]: readonly string[], options: Options): Promise<ExitName> {
  const { progress, signal } = context;
  const effects = { clock: { now: () => Date.now() }, random: systemRandom, env: process.env, progress, signal };
  const { yes, node = usualNode(), ...given } = options;
  const known = { ...knownHere(folder), ...defined(given) };
  const answers = async (): Promise<Answers> => {
    if (yes === true) return Answers.parse(known);
    if (process.stdin.isTTY) return await askAll(known, Object.keys(defined(given)), signal);
    throw noTerminal(folder);
  };
  const done = await initEstate(effects, { folder, answers, version: version(), node });
  context.out(renderInit(done, folder));
  return "done";
}

/** What this machine tells without being asked: a name after the folder, and the operator's public key. */
function knownHere(folder: string): Record<string, string> {
  const named = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  const name = asked.name.safeParse(named.slice(0, 32));
  const key = asked.publicKey.safeParse(ownPublicKey());
  return { name: name.success ? name.data : "estate", ...defined({ publicKey: key.success ? key.data : undefined }) };
}

/** The key that ssh offers by itself. */
function ownPublicKey(): string | undefined {
  const folder = join(homedir(), ".ssh");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = ["id_ed25519.pub", "id_ed25519_sk.pub", "id_ecdsa.pub"].find((name) => names.includes(name));
  return found === undefined ? undefined : readFileSync(join(folder, found), "utf8");
}

function usualNode(): string {
  return existsSync("/usr/bin/node") ? "/usr/bin/node" : process.execPath;
}

function defined(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function noTerminal(folder: string): Problem {
  return new Problem({
    code: "usage",
    where: "demesne init",
    what: "has questions, and there is no terminal to ask them at",
    fix: `demesne init ${folder} --yes, with what you know as options: demesne init --help`,
  });
}
