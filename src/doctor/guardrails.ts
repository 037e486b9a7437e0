// Do the guardrails of a coding agent stand, and do they load where its sessions start?
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { z } from "zod";
import { inspectGuard } from "../guard/index.ts";
import { run } from "../lib/run.ts";
import { bad, ok, type Finding } from "./finding.ts";

export type GuardPlace = { readonly root: string; readonly home: string; readonly signal: AbortSignal };

const SUBJECT = "guardrails";
const CLIENT = "claude";
const MANAGED = "/etc/claude-code/managed-settings.json";
const TIMEOUT_MS = 20_000;

/** What the client reads of settings files, as far as it can switch hooks off. */
const Settings = z.looseObject({
  disableAllHooks: z.boolean().optional(),
  allowManagedHooksOnly: z.boolean().optional(),
});

export async function lookAtGuard(place: GuardPlace): Promise<readonly Finding[]> {
  const faults = await inspectGuard(place.root, CLIENT);
  // A client that is not installed starts no session here.
  const found = faults.map(({ where, what, fix }) =>
    bad(where === CLIENT && what.startsWith("does not") ? "note" : levelOf(what), SUBJECT, `${where}: ${what}`, fix),
  );
  const off = [...(await switchedOff(place)), ...(await fromAbove(place))];
  if (found.some(({ level }) => level !== "note") || off.length > 0) return [...found, ...off];
  return [ok(SUBJECT, "stand, and load for sessions that start in the estate's folder"), ...found];
}

/** An estate without any is a choice; one whose files were changed is not what it looks like. */
function levelOf(what: string): "warning" | "error" {
  return what.includes("no guard in this estate") ? "warning" : "error";
}

/** Settings beside and above the estate's own that keep its hooks from running. */
async function switchedOff({ root, home }: GuardPlace): Promise<readonly Finding[]> {
  const local = [join(root, ".claude/settings.local.json"), join(home, ".claude/settings.json")];
  const findings: Finding[] = [];
  for (const file of [...local, MANAGED]) {
    const settings = await settingsIn(file);
    if (settings?.disableAllHooks === true)
      findings.push(bad("error", SUBJECT, `${file} switches all hooks off`, `take disableAllHooks out of ${file}`));
  }
  const managed = await readFile(MANAGED, "utf8").catch(() => "");
  if ((await settingsIn(MANAGED))?.allowManagedHooksOnly === true && !managed.includes("guard.cjs")) {
    const fix = "install the guard there too: sudo demesne guard install --managed";
    findings.push(bad("error", SUBJECT, `${MANAGED} allows its own hooks only, and the guard is not among them`, fix));
  }
  return findings;
}

async function settingsIn(file: string): Promise<z.infer<typeof Settings> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const json: unknown = parse(text);
  const settings = Settings.safeParse(json);
  return settings.success ? settings.data : undefined;
}

/** A session loads the settings of the folder that it starts in; in a larger repository that is often another one. */
async function fromAbove({ root, signal }: GuardPlace): Promise<readonly Finding[]> {
  const argv = ["git", "-C", root, "rev-parse", "--show-toplevel"];
  const found = await run(argv, { timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined);
  const top = found?.status === 0 ? found.stdout.trim() : undefined;
  if (top === undefined || top === (await realpath(root))) return [];
  const what = `the repository begins above, at ${top}: a session that starts there has no guard`;
  return [
    bad("warning", SUBJECT, what, "give the estate a repository of its own, or: sudo demesne guard install --managed"),
  ];
}
