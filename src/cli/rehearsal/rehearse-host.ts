// One host's rehearsal, as a runbook: boot a twin, plan, apply, verify, plan again. Whatever happens, the twin goes.
import { readFile } from "node:fs/promises";
import { applyHost, type Ansible } from "../../apply/index.ts";
import type { Estate, EstateHost } from "../../estate/index.ts";
import { bootTwin, publishImage, type Lab, type Twin } from "../../lab/index.ts";
import { digestJson } from "../../lib/digest.ts";
import { Problem } from "../../lib/problem.ts";
import type { Context } from "../command.ts";
import { planOneHost, wantedOf, withHost, type HostPlanInput } from "../host-plan.ts";
import { gatewayImage } from "../own-images.ts";
import { inventedSecrets } from "../secret-store.ts";
import { overlayDifferences, overlayEstate, type Overlay } from "./overlay.ts";
import type { HostReport } from "./report.ts";
import type { Timer } from "./timer.ts";
import { verifyTwin } from "./verify-twin.ts";
import { startWorker, type Worker } from "./worker.ts";

export type RehearseHostInput = {
  readonly context: Context;
  readonly estate: Estate;
  readonly host: EstateHost;
  readonly lab: Lab;
  readonly ansible: Ansible;
  readonly timer: Timer;
};

export async function rehearseHost(input: RehearseHostInput): Promise<HostReport> {
  const { context, host, lab, timer } = input;
  const { signal } = context;
  const twin = await timer.step(`boot a twin of ${host.id}`, async () => {
    return await bootTwin(lab, { id: host.id, os: host.os, user: host.user, realAddress: host.address, signal });
  });
  const worker = await startWorker(twin.outside4, signal).catch(async (error: unknown) => {
    await twin.destroy();
    throw error;
  });
  try {
    return await rehearseTwin(input, twin, worker);
  } finally {
    worker.stop();
    await timer.step(`remove the twin of ${host.id}`, async () => await twin.destroy());
  }
}

async function rehearseTwin(
  { context, estate: real, host: realHost, lab, ansible, timer }: RehearseHostInput,
  twin: Twin,
  worker: Worker,
): Promise<HostReport> {
  const { progress, signal } = context;
  const overlay = await timer.step(
    "build the images of our own services",
    async () => await overlayOf(real, lab, twin, worker),
  );
  const estate = overlayEstate(real, overlay);
  const host = estate.hosts.find((each) => each.id === realHost.id) ?? realHost;
  const secrets = inventedSecrets(estate);
  const skipped = new Map(
    estate.services.flatMap(({ name, rehearse }) =>
      rehearse.mode === "skip" ? [[name, rehearse.reason] as const] : [],
    ),
  );
  const input: Omit<HostPlanInput, "ssh"> = { estate, host, secrets, skipped, isTwin: true, signal };
  return await withHost(twin.address, async (ssh) => {
    const plan = await timer.step("plan", async () => await planOneHost({ ...input, ssh }));
    const applied = await timer.step(
      `apply ${plan.changes.length} changes in ${plan.stages.flatMap((each) => each.steps).length} steps`,
      async () => {
        const { resources: wanted } = wantedOf(input);
        const quiet = { step: () => {}, detail: progress.detail };
        const opened = { secret: secrets.open, secretKey: secrets.key };
        const { address6, windowSeconds } = host;
        const about = { plan, digest: digestJson(plan), address6, windowSeconds, wanted };
        return await applyHost({ host: ssh, ...about, ...opened, ansible, progress: quiet, signal });
      },
    );
    const verify = await timer.step(
      "verify from outside",
      async () => await verifyTwin({ estate, host, secrets, skipped, twin, worker, context }),
    );
    const again = await timer.step("plan again", async () => await planOneHost({ ...input, ssh }));
    return {
      host: host.id,
      planned: plan.changes.length,
      applied: applied.applied,
      left: again.changes.length + again.refusals.length + again.waiting.length,
      steps: plan.stages.flatMap((each) => each.steps).length,
      notRehearsed: [...plan.notRehearsed],
      skippedServices: [...skipped]
        .filter(([name]) => estate.services.some((each) => each.name === name && each.host === host.id))
        .map(([service, reason]) => ({ service, reason })),
      overlay: [...twin.differences, ...overlayDifferences(real, overlay)],
      verify,
      os: twin.os.pretty,
      python: plan.python,
    };
  });
}

/** Builds what the estate's services build, and lays it into the twin's own registry. */
export async function overlayOf(estate: Estate, lab: Lab, twin: Twin, worker: Worker): Promise<Overlay> {
  const { address } = twin;
  if (address.identityFile === undefined)
    throw new Problem({ code: "failed", where: "lab", what: "the twin has no login key", fix: "please report it" });
  const loginKey = (await readFile(`${address.identityFile}.pub`, "utf8")).trim();
  const { id, address4, address6, outside4, outside6, os } = twin;
  const builds = estate.services.some((service) => service.containers.some(({ image }) => image.kind === "build"));
  const images = builds ? { "demesne-gateway": await publishedGateway(lab, twin) } : {};
  const { stdout } = await twin.exec(["cat", "/sys/fs/cgroup/cgroup.controllers"], { timeoutMs: 5000 });
  const facts = {
    id,
    controllers: stdout.split(/\s+/).filter((each) => each !== ""),
    address4,
    address6,
    outside4,
    outside6,
    hostKeys: address.hostKeys,
    loginKey,
    os: `${os.id}-${os.version}`,
  };
  return { twin: facts, modelUrl: worker.url, images };
}

async function publishedGateway(lab: Lab, twin: Twin): Promise<{ readonly ref: string; readonly digest: string }> {
  const image = await gatewayImage(lab.cache);
  await publishImage(twin, image);
  return { ref: image.reference.slice(0, image.reference.indexOf("@")), digest: image.digest };
}
