// A window: changes that may cut the connection, under the dead-man. A new connection over each address proves access; without
// it the host puts everything back by itself.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SshHost } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import type { Window } from "../plan/index.ts";
import type { Command } from "../resources/index.ts";

const DEADMAN = ["/usr/bin/python3", "-I", "-S", "-B", "/usr/local/lib/demesne/deadman.py"];
const PROOF_MS = 20_000;
const RETRY_MS = 2000;
/** A revert restarts units, which takes its time. */
const REVERT_MS = 60_000;

export const Outcome = z.strictObject({
  nonce: z.string(),
  name: z.string().meta({ description: "The window" }),
  outcome: z.enum(["confirmed", "reverted"]),
  why: z.string(),
  errors: z.array(z.string()).meta({ description: "What could not be put back" }),
  at: z.number().optional(),
});
export type Outcome = z.infer<typeof Outcome>;

/** The first thing that runs in a window: the host notes what there is, and starts to wait. */
export function armCommand(window: Window, nonce: string): Command {
  return {
    name: `arm the dead-man for ${window.name}`,
    argv: [...DEADMAN, "arm", JSON.stringify({ nonce, ...window })],
  };
}

export type WindowInput = {
  readonly host: SshHost;
  /** Every address under which the host must be reached. */
  readonly addresses: readonly string[];
  readonly window: Window;
  readonly nonce: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Proves access and closes the window. Throws Problem `failed` when access is not proven: then the host is as it was before
 * the window, or will be when its time is over, and the message says which.
 */
export async function prove(input: WindowInput): Promise<void> {
  const failures = await Promise.all(
    input.addresses.map(async (address) => await reach(input.host, address, input.signal)),
  );
  const failed = failures.filter((each) => each !== undefined);
  if (failed.length === 0) {
    const outcome = await tell(input, "confirm");
    if (outcome?.nonce === input.nonce && outcome.outcome === "confirmed") return;
    throw reverted(input, outcome, "access was proven too late: the host had not waited any longer");
  }
  const reason = `access was not proven: ${failed.join("; ")}`;
  throw (await putBack(input, reason)) ?? reverted(input, undefined, reason);
}

/**
 * Puts the window's changes back, at once if the host is reached, else when its time is over. Answers what to tell; nothing
 * when the window was never opened. Whoever was told to stop waits for nothing: the host does it by itself.
 */
export async function putBack(input: WindowInput, reason: string): Promise<Problem | undefined> {
  const until = Date.now() + input.window.seconds * 1000 + REVERT_MS;
  do {
    const answer = await tell(input, "revert").then(
      (outcome) => ({ outcome }),
      () => undefined,
    );
    // The host has nothing to tell of this window: arming is the first thing in it, so nothing of it was changed.
    if (answer !== undefined && answer.outcome?.nonce !== input.nonce) return undefined;
    if (answer !== undefined) return reverted(input, answer.outcome, reason);
    await sleep(RETRY_MS);
  } while (Date.now() < until && input.signal?.aborted !== true);
  return reverted(input, undefined, reason);
}

/** Why root is not reached by a connection of its own to one address: nothing that is open already is used. */
export async function reach(host: SshHost, address: string, signal?: AbortSignal): Promise<string | undefined> {
  const fresh = await SshHost.open({ ...host.address, address });
  try {
    const { status, stderr } = await fresh.run(["true"], { timeoutMs: PROOF_MS, signal });
    return status === 0 ? undefined : `${address}: ${stderr.trim().split("\n").at(-1) ?? ""}`;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Problem) return error.what;
    throw error;
  } finally {
    await fresh.close();
  }
}

async function tell({ host, nonce }: WindowInput, verb: "confirm" | "revert"): Promise<Outcome | undefined> {
  // A stop does not cut a window half-way: closing it takes a moment.
  const { status, stdout, stderr } = await host.run([...DEADMAN, verb, nonce], { timeoutMs: REVERT_MS });
  if (status !== 0) throw new TypeError(`the dead-man's ${verb} ended with ${status}: ${stderr}`);
  return Outcome.nullable().parse(JSON.parse(stdout)) ?? undefined;
}

function reverted({ host, window, nonce }: WindowInput, outcome: Outcome | undefined, reason: string): Problem {
  const isOurs = outcome?.nonce === nonce;
  const errors = isOurs && outcome.errors.length > 0 ? `, but not all of it: ${outcome.errors.join("; ")}` : "";
  const state = isOurs
    ? `it is as it was before the window ${window.name}${errors}`
    : `it did not answer since, so whether it put the window ${window.name} back is not known`;
  return new Problem({
    code: "failed",
    where: `host ${host.id}, window ${window.name}`,
    what: `${reason}; ${state}`,
    fix: isOurs
      ? "what ran before the window is done and stays; mend the estate, then plan again: the new plan holds what is left"
      : "look at the host's console: journalctl -u demesne-deadman -u demesne-deadman-boot",
  });
}
