// What `demesne test` looks at besides secrets: the services' invariants, and the guard where one is installed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { testGuard } from "../guard/index.ts";
import { lintEstate } from "./linted.ts";
import type { GuardTested, Placed } from "./tested.ts";

const HOOK = ".claude/hooks/guard.cjs";

export type Invariants = { readonly services: number; readonly waived: number; readonly findings: readonly Placed[] };

/** Lint's errors about the estate and its services; scripts, modes and what it only warns of are `demesne lint`. */
export async function testServices(folder: string, signal: AbortSignal): Promise<Invariants> {
  const { findings, services } = await lintEstate(folder, signal);
  const meant = findings.filter(
    ({ severity, file, rule }) => severity === "error" && (file.startsWith("services/") || rule.startsWith("estate-")),
  );
  const counting = meant.filter(({ waived }) => waived === undefined);
  return {
    services,
    waived: meant.length - counting.length,
    findings: counting.map(({ file, line, path, what, fix }) => ({
      severity: "error",
      file,
      line,
      what: path === "" ? what : `${path}: ${what}`,
      fix,
    })),
  };
}

/** Undefined where no guard is installed. */
export async function testGuardHere(folder: string, signal: AbortSignal): Promise<GuardTested | undefined> {
  const hook = join(folder, HOOK);
  if (!existsSync(hook)) return undefined;
  const { cases, sampled, wrong } = await testGuard(folder, hook, signal);
  const fix = "demesne guard install, and look at what changed the hook: git log -p .claude";
  const findings = wrong.map((what) => ({ severity: "error", file: HOOK, line: 1, what, fix }) as const);
  return { cases, sampled, findings };
}
