// demesne approve: shows a saved plan, and signs its bytes with the operator's SSH key.
import { homedir } from "node:os";
import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { approve as signPlan, identify, NAMESPACE } from "../approval/index.ts";
import { loadEstate, type Estate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { renderHtml, renderPlan } from "../plan/index.ts";
import { standingOf } from "./approval-gate.ts";
import { signersOf } from "./approval-policy.ts";
import { readPlan, type SavedPlan } from "./bound-plan.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { refuseExpired, refuseForeign } from "./refuse-stale.ts";
import { painter } from "./render/paint.ts";
import { renderRisks } from "./render/risks.ts";
import { renderStanding } from "./render/standing.ts";
import { writeWhole } from "./write-whole.ts";

const ApproveOptions = z.strictObject({
  estate: z
    .string()
    .optional()
    .meta({ description: "the estate's folder; this folder without it", placeholder: "folder" }),
  key: z
    .string()
    .optional()
    .meta({ description: "sign with this key: its file, or its .pub file for one in ssh-agent", placeholder: "file" }),
  as: z.string().optional().meta({
    description: "refuse unless the key is this person's in policy/allowed_signers",
    placeholder: "principal",
  }),
  check: z
    .boolean()
    .optional()
    .meta({ description: "sign nothing: tell which approvals are there and which are missing" }),
  html: z.string().optional().meta({ description: "also write the plan as one HTML page", placeholder: "file" }),
  full: z.boolean().optional().meta({ description: "show the whole text of new files too" }),
  yes: z.boolean().optional().meta({ description: "do not ask: the plan was read elsewhere" }),
  json: z.boolean().optional().meta({ description: "print as JSON how the plan stands" }),
});
type Options = z.infer<typeof ApproveOptions>;

export const approve = command({
  name: "approve",
  summary: "show a saved plan and sign it, or tell how it stands (--check)",
  arguments: [{ name: "plan", description: "a plan that `demesne plan --out` saved" }],
  options: ApproveOptions,
  exits: ["done", "usage", "estate", "prerequisite", "refused", "stale", "failed", "policy", "interrupted"],
  run: runApprove,
});

async function runApprove(context: Context, [file = ""]: readonly string[], options: Options): Promise<ExitName> {
  const saved = await readPlan(file);
  refuseExpired({ file, plan: saved.plan }, Date.now());
  const estate = await loadEstate(options.estate ?? ".", { signal: context.signal });
  refuseForeign({ file, plan: saved.plan }, estate);
  if (options.html !== undefined) await writePage(options.html, saved);
  if (options.check === true) return await check(context, { file, saved, estate, options });
  refuseUnapprovable(file, saved, estate);
  const signing = await chooseKey(context, saved, estate, options);
  if (options.json !== true) {
    const paint = painter(context.isColoured);
    const text = renderPlan(saved.plan, { paint, full: options.full === true });
    context.out(`${renderRisks(saved.plan, paint)}${text}\n`);
  }
  if (options.yes !== true) await confirm(signing.signer.principal, saved.digest, context.signal);
  const { isTerminal, signal } = context;
  const now = Date.now;
  const { bytes } = saved;
  const made = await signPlan({ ...signing, bytes, root: estate.root, now, isTerminal, signal });
  if (options.json !== true) context.out(`${made.principal} approved ${saved.digest}: ${made.file}\n\n`);
  await tell(context, { file, saved, estate, options });
  return "done";
}

/** From the very bytes that would be signed. */
async function writePage(path: string, { plan }: SavedPlan): Promise<void> {
  await writeWhole(path, renderHtml(plan, { namespace: NAMESPACE }), 0o600);
}

type Told = { readonly file: string; readonly saved: SavedPlan; readonly estate: Estate; readonly options: Options };

/** Exit code `policy` while something is missing, so that a script can wait for it. */
async function check(context: Context, told: Told): Promise<ExitName> {
  return (await tell(context, told)) ? "done" : "policy";
}

async function tell({ out, isColoured }: Context, { file, saved, estate, options }: Told): Promise<boolean> {
  const standing = await standingOf(saved, estate);
  if (standing === undefined) {
    out(options.json === true ? `${JSON.stringify({ format: 1, plan: saved.digest, isApproved: true })}\n` : NOBODY);
    return true;
  }
  const { folder, ...rest } = standing;
  const paint = painter(isColoured);
  out(
    options.json === true
      ? `${JSON.stringify({ format: 1, plan: saved.digest, folder, ...rest })}\n`
      : renderStanding({ standing, folder, file, paint }),
  );
  return standing.isApproved;
}

const NOBODY = "the estate asks for no approvals: a single operator applies\n";

/** What will never be applied needs nobody's name under it. */
function refuseUnapprovable(file: string, { plan }: SavedPlan, estate: Estate): void {
  if (estate.approvals === undefined) {
    const what = "needs no approval: this estate asks for none";
    const fix = "add approvals to estate.yaml and the people to policy/allowed_signers, then plan again";
    throw new Problem({ code: "usage", where: file, what, fix });
  }
  const refusal = plan.hosts.flatMap((host) => host.refusals)[0];
  if (refusal === undefined) return;
  const what = `cannot be applied: ${refusal.ref} ${refusal.what}`;
  throw new Problem({ code: "refused", where: file, what, fix: refusal.fix });
}

type Signing = Pick<Parameters<typeof signPlan>[0], "key" | "signer">;

async function chooseKey({ signal }: Context, { plan }: SavedPlan, estate: Estate, options: Options): Promise<Signing> {
  const isFidoFirst = plan.approval?.needs.some((each) => each.key !== "any") === true;
  const operator = { home: homedir(), root: estate.root, signal };
  const { own, seen } = await identify(operator, signersOf(estate), { file: options.key, isFidoFirst });
  if (own === undefined) {
    const looked =
      seen.length === 0 ? "none was found in git's user.signingkey and ~/.ssh" : `looked at ${seen.join(", ")}`;
    const fix = "name your key: --key FILE; or add it to policy/allowed_signers, have that reviewed, and plan again";
    throw new Problem({
      code: "usage",
      where: "policy/allowed_signers",
      what: `lists no key of yours: ${looked}`,
      fix,
    });
  }
  const { principal } = own.signer;
  if (options.as === undefined || options.as === principal) return own;
  throw new Problem({
    code: "usage",
    where: `--as ${options.as}`,
    what: `should be the person whose key it is, which is ${principal}`,
    fix: "name that person's key: --key FILE",
  });
}

async function confirm(principal: string, digest: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    const fix = "run it at a terminal, or add --yes when the plan was read elsewhere";
    throw new Problem({ code: "usage", where: "demesne approve", what: "cannot ask here, there is no terminal", fix });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Approve ${digest} as ${principal}? Type yes: `, { signal });
    if (answer.trim() === "yes") return;
  } finally {
    lines.close();
  }
  throw new Problem({
    code: "interrupted",
    where: "demesne approve",
    what: "was not confirmed, so nothing was signed",
    fix: "type yes to approve",
  });
}
