// demesne apply: runs a saved plan, and looks whether the hosts are as wanted.
import { join } from "node:path";
import { z } from "zod";
import { applyHost, installAnsible, pinnedAnsible } from "../apply/index.ts";
import { loadEstate } from "../estate/index.ts";
import { openLedger } from "../ledger/index.ts";
import { requireApprovals } from "./approval-gate.ts";
import { boundNow, readPlan, type SavedPlan } from "./bound-plan.ts";
import { cacheFolder } from "./cache-folder.ts";
import { command, type Context } from "./command.ts";
import { estateSecrets } from "./estate-secrets.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, hostsOf, wantedOf, withHost } from "./host-plan.ts";
import { refuseExpired, refuseForeign, refuseOtherTool } from "./refuse-stale.ts";
import { version } from "./version.ts";

const ApplyOptions = z.strictObject({
  estate: z
    .string()
    .optional()
    .meta({ description: "the estate's folder; this folder without it", placeholder: "folder" }),
  takeLease: z
    .boolean()
    .optional()
    .meta({ description: "take the hosts' leases even if another apply holds them: only when that one is gone" }),
});

export const apply = command({
  name: "apply",
  summary: "run a saved plan, and look whether the hosts are as wanted",
  arguments: [{ name: "plan", description: "a plan that `demesne plan --out` saved" }],
  options: ApplyOptions,
  exits: [
    "done",
    "usage",
    "estate",
    "prerequisite",
    "unreachable",
    "refused",
    "stale",
    "failed",
    "unhealthy",
    "secret",
    "ledger",
    "policy",
    "interrupted",
  ],
  run: runApply,
});

async function runApply(
  context: Context,
  [file = ""]: readonly string[],
  options: z.infer<typeof ApplyOptions>,
): Promise<ExitName> {
  const { progress, signal } = context;
  const saved = await readPlan(file);
  const { plan, digest } = saved;
  refuseExpired({ file, plan }, Date.now());
  const [estate, pin] = await Promise.all([loadEstate(options.estate ?? ".", { signal }), pinnedAnsible()]);
  refuseForeign({ file, plan }, estate);
  refuseOtherTool({ file, plan }, await boundNow(pin), version());
  const approvals = await requireApprovals(file, saved, estate);
  const secrets = await estateSecrets(estate, signal);
  const ansible = await installAnsible({ cache: cacheFolder(), progress, signal, pin });
  const ledger = openLedger(join(estate.root, ".demesne", "ledger"));
  await ledger.append(approved(saved, approvals));
  let left = 0;
  for (const hostPlan of plan.hosts) {
    const [host] = hostsOf(estate, hostPlan.host);
    if (host === undefined) continue;
    const { resources: wanted } = wantedOf({ estate, host, secrets, skipped: new Map(), isTwin: false });
    const opened = { secret: secrets.open, secretKey: secrets.key };
    const { address6, windowSeconds } = host;
    const planned = { plan: hostPlan, digest, wanted, role: plan.role, windowSeconds };
    const input = { ...planned, ansible, ...opened, ledger, progress, signal };
    const applied = await withHost(
      addressOf(host),
      async (ssh) => await applyHost({ ...input, host: ssh, address6, takeOver: options.takeLease }),
    );
    const remaining = applied.left.changes.length + applied.left.refusals.length;
    context.out(`${host.id}: ${applied.applied} changes applied, ${remaining} left\n`);
    left += remaining;
  }
  return left === 0 ? "done" : "unhealthy";
}

/** Under whose approvals it runs: digests of the signatures, which anybody can check against the plan later. */
function approved({ plan, digest }: SavedPlan, approvals: Awaited<ReturnType<typeof requireApprovals>>) {
  const { author, approval } = plan;
  const by = approvals.map(({ principal, fingerprint: key, digest: signature }) => ({ principal, key, signature }));
  return { kind: "apply/approved", plan: digest, author, policy: approval?.policy ?? null, by };
}
