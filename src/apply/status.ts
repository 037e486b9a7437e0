// What is going on at a host, and how its last apply ended: read from the host itself, which is the authority.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { SshHost } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import { Held, isDead, leaseProgram } from "./lease.ts";
import { Outcome } from "./window.ts";

const STATUS_MS = 40_000;
/** Further apart than this, in seconds, certificates and expiry dates begin to lie. */
const CLOCK_SECONDS = 60;

const HostStatus = z.strictObject({
  lease: Held.nullable(),
  window: z
    .strictObject({ name: z.string(), nonce: z.string(), left: z.number() })
    .nullable()
    .meta({ description: "Open window, and the seconds until the host puts it back" }),
  last: Outcome.nullable().meta({ description: "How the last window ended" }),
  begun: z.looseObject({ nonce: z.string() }).nullable().meta({ description: "The plan that was begun last" }),
  receipt: z
    .looseObject({ nonce: z.string(), plan: z.string(), applied: z.number(), left: z.number(), at: z.number() })
    .nullable()
    .meta({ description: "The last apply that came to its end" }),
  packages: z.array(z.string()).meta({ description: "Packages that a stopped dpkg left half-done" }),
  clock: z.number().meta({ description: "The host's wall clock, seconds since the epoch" }),
});
type HostStatus = z.infer<typeof HostStatus> & {
  /** Whoever holds the lease was a process of this machine, and lives no more. */
  readonly isAbandoned: boolean;
};

/** `quiet`: nothing is going on and nothing is left; `busy`: an apply is at it; `attention`: somebody has to do something. */
export type Standing = {
  readonly state: "quiet" | "busy" | "attention";
  readonly says: readonly string[];
  readonly next: string;
};

/** Asks the host, and changes nothing. Throws Problem `unreachable`, `prerequisite` or `failed`. */
export async function readStatus(host: SshHost, signal?: AbortSignal): Promise<HostStatus> {
  const own = await readFile(new URL("host/status.py", import.meta.url), "utf8");
  const input = `${await leaseProgram()}\n${own}\nreport()\n`;
  const { status, stdout, stderr } = await host.run(["python3", "-I", "-S", "-B", "-"], {
    input,
    timeoutMs: STATUS_MS,
    signal,
  });
  if (status === 0) {
    const told = HostStatus.parse(JSON.parse(stdout));
    return { ...told, isAbandoned: told.lease !== null && isDead(told.lease) };
  }
  throw new Problem({
    code: "failed",
    where: `host ${host.id}`,
    what: `its state cannot be read: ${stderr.trim().split("\n").at(-1) ?? ""}`,
    fix: "look at /var/lib/demesne on the host; if nothing is wrong there, please report it with the line above",
  });
}

/** In words, with what to do next. `nowSeconds` is this machine's clock. */
export function standingOf(status: HostStatus, nowSeconds: number): Standing {
  const { lease, window } = status;
  if (window !== null) return openWindow(window, lease);
  if (lease !== null && !status.isAbandoned && (lease.running || lease.left > 0)) return busy(lease);
  const faults = [...interrupted(status), ...halfPackages(status), ...wrongClock(status, nowSeconds)];
  if (faults.length > 0)
    return {
      state: "attention",
      says: [...faults.map((each) => each.says), ...lastReceipt(status)],
      next: faults[0]?.next ?? "",
    };
  return { state: "quiet", says: lastReceipt(status), next: "nothing to do" };
}

type Fault = { readonly says: string; readonly next: string };

function openWindow({ name, left }: NonNullable<HostStatus["window"]>, lease: HostStatus["lease"]): Standing {
  const who = lease === null ? "nobody holds the lease" : `held by ${lease.holder}`;
  return {
    state: "busy",
    says: [`the window ${name} is open (${who}); without a proof of access it is put back in ${left} s`],
    next: "wait for it to close, then ask again",
  };
}

function busy(lease: NonNullable<HostStatus["lease"]>): Standing {
  const what = lease.running ? "a task is running" : `no task is running, the lease ends in ${lease.left} s`;
  return {
    state: "busy",
    says: [`${lease.holder} applies the plan ${short(lease.plan)} since ${time(lease.at)}: ${what}`],
    next: "wait for it; if that apply is gone for certain: demesne plan, and apply the new plan with --take-lease",
  };
}

/** Begun and not ended. What the dead-man did about it is told with it. */
function interrupted({ begun, receipt, last }: HostStatus): Fault[] {
  if (begun === null || begun.nonce === receipt?.nonce) return [];
  const put = last?.nonce === begun.nonce && last.outcome === "reverted" ? putBack(last) : "";
  return [
    {
      says: `the plan that was begun last did not come to its end${put}`,
      next: "plan again: demesne plan shows what is left, and nothing of it is lost",
    },
  ];
}

function putBack({ name, why, errors }: Outcome): string {
  const not = errors.length === 0 ? "" : `, but not all of it: ${errors.join("; ")}`;
  return `; the host put the window ${name} back (${why})${not}`;
}

function halfPackages({ packages }: HostStatus): Fault[] {
  if (packages.length === 0) return [];
  return [
    {
      says: `dpkg was stopped half-way at ${packages.join(", ")}`,
      next: "plan again: the new plan begins with finishing that (dpkg --configure -a)",
    },
  ];
}

function wrongClock({ clock }: HostStatus, nowSeconds: number): Fault[] {
  const apart = Math.round(clock - nowSeconds);
  if (Math.abs(apart) <= CLOCK_SECONDS) return [];
  const where = apart > 0 ? "ahead of" : "behind";
  return [
    {
      says: `its clock is ${Math.abs(apart)} s ${where} this machine's`,
      next: "set the clock that is wrong: on the host, timedatectl shows whether it is synchronised",
    },
  ];
}

function lastReceipt({ receipt }: HostStatus): string[] {
  if (receipt === null) return ["no apply has come to its end here yet"];
  const { at, applied, left, plan } = receipt;
  return [`last apply ${time(at)}: ${applied} changes, ${left} left (plan ${short(plan)})`];
}

function short(digest: string): string {
  return digest.replace("sha256:", "").slice(0, 12);
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
