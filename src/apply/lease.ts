// The lease: one apply at a time may change a host, and the host itself enforces it. Every task starts through a program
// there that compares a token; whoever lost the lease cannot start another task.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { z } from "zod";
import type { Host, SshHost } from "../host/index.ts";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";

/** How long a lease lasts after its last task started. Whoever holds it starts one in far less. */
const LEASE_SECONDS = 180;
/** It waits up to 10 s for a task that is just running. */
const TAKE_MS = 40_000;

export const Held = z.strictObject({
  holder: z.string().meta({ description: "Account and machine that hold it" }),
  machine: z.string().optional().meta({ description: "Digest of the holder's machine-id" }),
  pid: z.number().optional(),
  started: z.string().optional().meta({ description: "When that process started, as its kernel counts" }),
  plan: z.string().meta({ description: "Digest of the plan that is being applied" }),
  at: z.number().meta({ description: "When it was taken, in seconds of the host's wall clock" }),
  running: z.boolean().meta({ description: "A task is running at this moment" }),
  left: z.number().meta({ description: "Seconds until anybody may take it, if no further task starts" }),
});
export type Held = z.infer<typeof Held>;

const Taken = z.union([
  z.strictObject({ held: Held.nullable() }),
  z.strictObject({
    took: Held.nullable().meta({ description: "Whose lease had run out, or was taken over" }),
    starter: z.string().meta({ description: "Path of what starts the holder's tasks" }),
  }),
]);

export type Receipt = {
  readonly nonce: string;
  readonly plan: string;
  readonly applied: number;
  readonly left: number;
  /** Hash of the ledger's entry that says the same; empty for a rehearsal, which keeps no ledger. */
  readonly entry: string;
};

export type Lease = {
  /** What Ansible starts instead of Python. */
  readonly interpreter: string;
  /** Gives it back; what stands half-done on the host is taken away, and the receipt noted there. */
  release(remove: readonly string[], receipt: Receipt | null): Promise<void>;
};

export type TakeLease = {
  /** Folder in the host's memory that tasks will use; whoever takes the lease next removes it if this holder does not. */
  readonly remote: string;
  /** Digest of the plan. */
  readonly plan: string;
  /** Take it even if somebody else holds it. */
  readonly takeOver?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Throws Problem `refused` when another apply holds it. */
export async function takeLease(host: SshHost, { plan, remote, takeOver = false, signal }: TakeLease): Promise<Lease> {
  const token = randomBytes(16).toString("hex");
  const program = await leaseProgram();
  const me = { holder: `${userInfo().username}@${hostname()}`, machine: machine(), pid: process.pid };
  const started = startOf(process.pid) ?? "";
  const ask = { verb: "take", token, ...me, started, plan, seconds: LEASE_SECONDS, remote };
  const take = async (force: boolean) =>
    Taken.parse(await askHost(host.shared(), program, { ...ask, program, takeOver: force }, signal));
  let answer = await take(takeOver);
  // What this machine's own dead process holds is nobody's.
  if ("held" in answer && answer.held !== null && isDead(answer.held)) answer = await take(true);
  if ("held" in answer) throw heldByAnother(host.id, answer.held);
  return {
    interpreter: answer.starter,
    release: async (remove, receipt) => {
      // After a failure the shared connection may be what hangs.
      const over = receipt === null ? host : host.shared();
      await askHost(over, program, { verb: "release", token, remove, receipt }, undefined);
    },
  };
}

/** Text of the lease's program; plans hold its digest. */
export async function leaseProgram(): Promise<string> {
  return await readFile(new URL("host/lease.py", import.meta.url), "utf8");
}

async function askHost(host: Host, program: string, ask: object, signal: AbortSignal | undefined): Promise<unknown> {
  const text = JSON.stringify(JSON.stringify(ask));
  const input = `${program}\nmain(json.loads(${text}))\n`;
  const { status, stdout, stderr } = await host.run(["python3", "-I", "-S", "-B", "-"], {
    input,
    timeoutMs: TAKE_MS,
    signal,
  });
  if (status === 0) return JSON.parse(stdout);
  throw new Problem({
    code: "failed",
    where: `host ${host.id}`,
    what: `the lease's program ended with ${status ?? "a signal"}: ${stderr.trim().split("\n").at(-1) ?? ""}`,
    fix: "look whether /run on the host is full or read-only; if not, please report it with the line above",
  });
}

function machine(): string {
  const id = existsSync("/etc/machine-id") ? readFileSync("/etc/machine-id", "utf8").trim() : hostname();
  return digest(id);
}

/** Does this process of this machine still live? */
export function isAlive(pid: number, started: string): boolean {
  return startOf(pid) === started;
}

/** Field 22 of /proc/PID/stat: with the pid it names one process of one boot. */
export function startOf(pid: number): string | undefined {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** Does the process that holds it no longer live? Only of this machine's own can that be known. */
export function isDead(held: Held): boolean {
  const { running, pid, started = "" } = held;
  if (running || held.machine !== machine() || pid === undefined || started === "") return false;
  return !isAlive(pid, started);
}

function heldByAnother(id: string, held: Held | null): Problem {
  const busy =
    held?.running === true ? "a task of it is running" : `its last task ended, ${held?.left ?? 0} s are left`;
  return new Problem({
    code: "refused",
    where: `host ${id}`,
    what:
      held === null
        ? "something holds its lease's lock"
        : `is being changed by ${held.holder} since ${new Date(held.at * 1000).toISOString()}: ${busy}`,
    fix: `wait for it; if that apply is gone for certain, take its lease: demesne apply PLAN --take-lease`,
  });
}
