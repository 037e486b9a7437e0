// One applied twin for all journeys of a file: booting takes a second, the first apply most of a minute.
import { installAnsible, applyHost, type Ansible, type Applied } from "../../src/apply/index.ts";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import { planOneHost, wantedOf, type HostPlanInput } from "../../src/cli/host-plan.ts";
import { overlayEstate, type Overlay } from "../../src/cli/rehearsal/overlay.ts";
import { overlayOf } from "../../src/cli/rehearsal/rehearse-host.ts";
import { startWorker, type Worker } from "../../src/cli/rehearsal/worker.ts";
import { inventedSecrets, type SecretStore } from "../../src/cli/secret-store.ts";
import { loadEstate, type Estate, type EstateHost } from "../../src/estate/index.ts";
import { SshHost } from "../../src/host/index.ts";
import { bootTwin, prepareLab, type Lab, type Twin } from "../../src/lab/index.ts";
import { digestJson } from "../../src/lib/digest.ts";
import type { Progress } from "../../src/lib/ports.ts";
import type { HostPlan } from "../../src/plan/index.ts";
import type { Resource } from "../../src/resources/index.ts";

/** A twin of an estate's control host, and the estate as it is rehearsed on it. */
export type OpenTwin = {
  readonly lab: Lab;
  readonly twin: Twin;
  readonly ansible: Ansible;
  readonly ssh: SshHost;
  readonly secrets: SecretStore;
  /** Stands in for the model. */
  readonly worker: Worker;
  readonly overlay: Overlay;
  /** The estate in this folder, with the twin in place of the control host. */
  load(folder: string): Promise<Rehearsed>;
  /** One look and its differences; nothing is changed. */
  plan(rehearsed: Rehearsed): Promise<HostPlan>;
  apply(plan: HostPlan, rehearsed: Rehearsed): Promise<Applied>;
  /** Runs a shell line in the twin as root; throws when it fails. */
  inTwin(line: string, seconds?: number): Promise<string>;
  close(): Promise<void>;
};

/** An estate laid over a twin, and what it wants there. */
export type Rehearsed = {
  readonly estate: Estate;
  readonly host: EstateHost;
  readonly resources: readonly Resource[];
};

const HOST = "control";
/** The longest that one thing takes: a first apply on a busy machine. */
const DEADLINE_MS = 10 * 60_000;
const within = (): AbortSignal => AbortSignal.timeout(DEADLINE_MS);

export type OpenTwinOptions = {
  /** Where the estate's secrets come from; made up without it. */
  readonly secretsOf?: (estate: Estate) => SecretStore;
  /** Hears what an operator would read meanwhile. */
  readonly progress?: Progress;
};

const silent: Progress = { step: () => {}, detail: () => {} };

/** Boots a twin of the control host of the estate in `folder`. What fails on the way leaves nothing. */
export async function openTwin(folder: string, options: OpenTwinOptions = {}): Promise<OpenTwin> {
  const { secretsOf = inventedSecrets, progress = silent } = options;
  const signal = within();
  const real = await loadEstate(folder, { signal });
  const host = controlHost(real);
  const lab = await prepareLab({ progress, signal, systems: [host.os] });
  const ansible = await installAnsible({ cache: cacheFolder(), progress, signal });
  const twin = await bootTwin(lab, { id: host.id, os: host.os, user: host.user, signal });
  const closing: (() => Promise<unknown> | void)[] = [() => twin.destroy()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const worker = await startWorker(twin.outside4, signal);
    closing.push(() => worker.stop());
    const overlay = await overlayOf(real, lab, twin, worker);
    const ssh = await SshHost.open(twin.address);
    closing.push(() => ssh.close());
    const secrets = secretsOf(overlayEstate(real, overlay));
    const world = { lab, twin, ansible, ssh, secrets, worker, overlay, progress };
    return { ...world, ...deeds(world), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type World = Pick<OpenTwin, "twin" | "ansible" | "ssh" | "secrets" | "worker" | "overlay"> & {
  readonly progress: Progress;
};
type Deeds = Omit<OpenTwin, keyof World | "lab" | "close">;

function deeds({ twin, ansible, ssh, secrets, overlay, progress }: World): Deeds {
  const input = ({ estate, host }: Rehearsed): HostPlanInput => ({
    estate,
    host,
    secrets,
    ssh,
    skipped: skippedOf(estate),
    isTwin: true,
    signal: within(),
  });
  return {
    load: async (folder) => {
      const estate = overlayEstate(await loadEstate(folder, { signal: within() }), overlay);
      const host = controlHost(estate);
      const { resources } = wantedOf({ estate, host, secrets, skipped: skippedOf(estate), isTwin: true });
      return { estate, host, resources };
    },
    plan: async (rehearsed) => await planOneHost(input(rehearsed)),
    apply: async (plan, { host, resources: wanted }) => {
      const opened = { secret: secrets.open, secretKey: secrets.key };
      const { address6, windowSeconds } = host;
      const told = { plan, digest: digestJson(plan), address6, windowSeconds, wanted };
      return await applyHost({ host: ssh, ...told, ansible, ...opened, progress, signal: within() });
    },
    inTwin: async (line, seconds = 30) => {
      const { status, stdout, stderr } = await twin.exec(["sh", "-c", line], { timeoutMs: seconds * 1000 });
      if (status !== 0) throw new Error(`${line}: ${status} ${stderr}${stdout}`);
      return stdout.trim();
    },
  };
}

function controlHost(estate: Estate): EstateHost {
  const host = estate.hosts.find((each) => each.id === HOST);
  if (host === undefined) throw new TypeError(`the estate ${estate.name} has no host ${HOST}`);
  return host;
}

/** The services that a rehearsal leaves out, as `demesne rehearse` does. */
function skippedOf(estate: Estate): ReadonlyMap<string, string> {
  const skipped = estate.services.filter((each) => each.rehearse.mode === "skip");
  return new Map(skipped.map(({ name }) => [name, "its image cannot be had here"]));
}
