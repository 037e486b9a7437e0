// Puts the permission boundary into an estate, or for a whole machine, and tells whether what stands there is still it.
import { access, chmod, constants, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";

/** From this version on the client blocks when a hook cannot start, crashes or takes too long. */
const CLIENT_VERSION = "2.1.295";
const HOOK = ".claude/hooks/guard.cjs";
const SETTINGS = ".claude/settings.json";
const MANAGED_HOOK = "usr/local/lib/demesne/guard.cjs";
const MANAGED_SETTINGS = "etc/claude-code/managed-settings.json";

/**
 * Node otherwise draws new seeds for its hash tables and fills those of its snapshot again, a quarter of its start. The
 * seeds keep strangers from slowing a server down; a hook that is slowed down denies.
 */
const NODE_FLAG = "--no-rehash-snapshot";

export type GuardFault = { readonly where: string; readonly what: string; readonly fix: string };

/** What the files must hold, by path; `node` is started by the client without an environment, so it is named in full. */
async function estateFiles(node: string): Promise<Map<string, string>> {
  return new Map([
    [HOOK, await template("guard.bundle")],
    [SETTINGS, await settings(["-i", node, NODE_FLAG, `\${CLAUDE_PROJECT_DIR}/${HOOK}`])],
  ]);
}

async function managedFiles(node: string): Promise<Map<string, string>> {
  const text = await settings(["-i", node, NODE_FLAG, `/${MANAGED_HOOK}`, "${CLAUDE_PROJECT_DIR}"]);
  const managed = text.replace(
    '"hooks": {',
    `"requiredMinimumVersion": "${CLIENT_VERSION}",\n  "allowManagedHooksOnly": true,\n  "hooks": {`,
  );
  return new Map([
    [MANAGED_HOOK, await template("guard.bundle")],
    [MANAGED_SETTINGS, managed],
  ]);
}

async function settings(args: readonly string[]): Promise<string> {
  const hook = { type: "command", command: "/usr/bin/env", args, timeout: 10, onFailure: "block" };
  return (await template("settings.json")).replaceAll('"GUARD"', JSON.stringify(hook));
}

async function template(name: string): Promise<string> {
  return await readFile(new URL(`template/${name}`, import.meta.url), "utf8");
}

/**
 * Writes the boundary into an estate; answers the paths written. What stands there and is not ours is not overwritten:
 * a CLAUDE.md is left, other settings are a Problem `refused`.
 */
export async function installGuard(root: string, node: string): Promise<string[]> {
  await mustBeNode(node);
  const kept = await textAt(join(root, SETTINGS));
  if (kept !== undefined && !kept.includes(HOOK)) {
    throw new Problem({
      code: "refused",
      where: join(root, SETTINGS),
      what: "holds other settings",
      fix: "move what is yours to .claude/settings.local.json, remove the file, then run the command again",
    });
  }
  const files = await estateFiles(node);
  if ((await textAt(join(root, "CLAUDE.md"))) === undefined) files.set("CLAUDE.md", await template("CLAUDE.md"));
  return await writeAll(root, files);
}

/** The same for every session on this machine, out of reach of the agent's user. `prefix` is `/`, but for tests. */
export async function installManagedGuard(prefix: string, node: string): Promise<string[]> {
  await mustBeNode(node);
  try {
    return await writeAll(prefix, await managedFiles(node));
  } catch (cause) {
    throw new Problem({
      code: "prerequisite",
      where: join(prefix, MANAGED_SETTINGS),
      what: "cannot be written",
      fix: "run the command as root",
      cause,
    });
  }
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    await chmod(join(folder, path), 0o644);
  }
  return [...files.keys()];
}

async function mustBeNode(node: string): Promise<void> {
  const fault = await faultOfNode(node);
  if (fault !== undefined) throw new Problem({ code: "prerequisite", ...fault });
}

async function faultOfNode(node: string): Promise<GuardFault | undefined> {
  const fix = "name a Node 20 or later by its full path: demesne guard install --node /usr/bin/node";
  if (!isAbsolute(node)) return { where: node, what: "should be a full path", fix };
  const isThere = await access(node, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isThere) return { where: node, what: "is not a program", fix };
  const { stdout } = await run([node, NODE_FLAG, "-p", "process.version"], { timeoutMs: 10_000, env: {} });
  const major = Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0);
  return major >= 20
    ? undefined
    : { where: node, what: `should be Node 20 or later, is ${stdout.trim() || "no Node"}`, fix };
}

/** Whether an estate's boundary is the one that this Demesne writes, and the client obeys it. `client` is `claude`. */
export async function inspectGuard(root: string, client: string): Promise<GuardFault[]> {
  const fix = "demesne guard install, and look at what changed them: git log -p .claude";
  const text = await textAt(join(root, SETTINGS));
  const [, node = ""] = /"-i","([^"]+)"/.exec((text ?? "").replaceAll(/,\s+/g, ",")) ?? [];
  const faults: GuardFault[] = [];
  for (const [path, wanted] of await estateFiles(node)) {
    const have = await textAt(join(root, path));
    if (have === undefined) faults.push({ where: path, what: "is not there: no guard in this estate", fix });
    else if (have !== wanted) faults.push({ where: path, what: "is not what this Demesne writes", fix });
  }
  const ofNode = text === undefined ? undefined : await faultOfNode(node);
  const ofClient = await faultOfClient(client);
  return [...faults, ...[ofNode, ofClient].filter((fault) => fault !== undefined)];
}

async function faultOfClient(client: string): Promise<GuardFault | undefined> {
  const found = await run([client, "--version"], { timeoutMs: 20_000 }).catch(() => undefined);
  const version = /\d+\.\d+\.\d+/.exec(found?.stdout ?? "")?.[0];
  const fix = `install Claude Code ${CLIENT_VERSION} or later`;
  if (version === undefined) return { where: client, what: "does not tell its version", fix };
  if (isAtLeast(version, CLIENT_VERSION)) return undefined;
  return { where: client, what: `is ${version}: it lets a call pass when a hook fails`, fix };
}

function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version.split(".").map(Number), wanted.split(".").map(Number)];
  const at = have.findIndex((part, index) => part !== want[index]);
  return at < 0 || (have[at] ?? 0) > (want[at] ?? 0);
}

async function textAt(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
