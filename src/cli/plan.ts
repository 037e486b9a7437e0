// demesne plan: one read-only look at each host, and every change that would make it as wanted.
import { z } from "zod";
import { loadEstate, type EstateHost } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { NAMESPACE } from "../approval/index.ts";
import { renderHtml, renderPlan } from "../plan/index.ts";
import { bindPlan } from "./bound-plan.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, everyHost, hostsOf, newNonce, planOneHost, withHost } from "./host-plan.ts";
import { estateSecrets } from "./estate-secrets.ts";
import { painter } from "./render/paint.ts";
import { writeWhole } from "./write-whole.ts";

const PlanOptions = z.strictObject({
  host: z.string().optional().meta({ description: "only this host", placeholder: "id" }),
  role: z.string().optional().meta({ description: "only this role, and what it stands on", placeholder: "name" }),
  out: z.string().optional().meta({ description: "save the plan, to be applied later", placeholder: "file" }),
  html: z
    .string()
    .optional()
    .meta({ description: "write the plan as one HTML page, to be reviewed", placeholder: "file" }),
  hours: z.coerce
    .number({ error: "should be a number" })
    .min(1)
    .max(24 * 30)
    .default(24)
    .meta({ description: "for how long the plan may be applied (24)", placeholder: "number" }),
  full: z.boolean().optional().meta({ description: "show the whole text of new files too" }),
  json: z.boolean().optional().meta({ description: "print the plan as JSON" }),
});

export const plan = command({
  name: "plan",
  summary: "show every change that would make the hosts as the estate wants them",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: PlanOptions,
  exits: [
    "done",
    "changes",
    "usage",
    "estate",
    "prerequisite",
    "unreachable",
    "refused",
    "failed",
    "secret",
    "interrupted",
  ],
  run: runPlan,
});

async function runPlan(
  context: Context,
  [folder = "."]: readonly string[],
  options: z.infer<typeof PlanOptions>,
): Promise<ExitName> {
  const { signal } = context;
  const estate = await loadEstate(folder, { signal });
  const chosen = hostsOf(estate, options.host);
  if (options.role !== undefined) refuseUnknownRole(options.role, chosen);
  const secrets = await estateSecrets(estate, signal);
  const nonce = newNonce();
  const looks = everyHost(chosen, async (host) => {
    const skipped = new Map<string, string>();
    const input = { estate, host, secrets, skipped, isTwin: false, role: options.role, nonce };
    return await withHost(addressOf(host), async (ssh) => await planOneHost({ ...input, ssh, signal }));
  });
  const { hours, role } = options;
  const made = await bindPlan({ estate, nonce, looks, hours, role, signal });
  if (options.out !== undefined) await writeWhole(options.out, canonicalJson(made), 0o600);
  if (options.html !== undefined) await writeWhole(options.html, renderHtml(made, { namespace: NAMESPACE }), 0o600);
  const shown = { paint: painter(context.isColoured), full: options.full === true };
  context.out(options.json === true ? `${canonicalJson(made)}\n` : renderPlan(made, shown));
  if (made.hosts.some((each) => each.refusals.length > 0)) return "refused";
  return made.hosts.some((each) => each.changes.length + each.waiting.length > 0) ? "changes" : "done";
}

/** An unknown role would plan nothing, and look like nothing to do. */
function refuseUnknownRole(role: string, hosts: readonly EstateHost[]): void {
  const known = [...new Set(hosts.flatMap((each) => each.roles))];
  if (known.some((each) => each === role)) return;
  throw new Problem({
    code: "usage",
    where: `--role ${role}`,
    what: "is not a role of these hosts",
    fix: `choose one of: ${known.join(", ")}`,
  });
}
