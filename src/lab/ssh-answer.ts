// Waits until an SSH server greets on an address.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../lib/problem.ts";

const TRY_MS = 500;
const PAUSE_MS = 15;

export type SshWait = {
  readonly address: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** It will never come. */
  readonly hasEnded: () => boolean;
  /** Said when it does not come. */
  readonly console: () => string;
};

/** Throws Problem `failed`, with the console's last lines, when nothing answers in time. */
export async function sshAnswers({ address, timeoutMs, signal, hasEnded, console }: SshWait): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  while (!(await greets(address))) {
    signal?.throwIfAborted();
    if (deadline.aborted || hasEnded()) throw silent(address, console());
    await sleep(PAUSE_MS);
  }
}

async function greets(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port: 22 });
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(TRY_MS, () => answer(false));
    socket.once("data", (greeting) => answer(greeting.toString("latin1").startsWith("SSH-2.0-")));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
  });
}

function silent(address: string, lastLines: string): Problem {
  return new Problem({
    code: "failed",
    where: `lab twin ${address}`,
    what: `does not answer on SSH; its console ends with:\n${lastLines}`,
    fix: "if a firewall of this machine filters 198.18.0.0/15, let it pass; otherwise report this console",
  });
}
