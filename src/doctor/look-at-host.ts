// A host, over the connection that a plan would use: can it be reached, is it the right one, is it what the estate says?
import type { EstateHost } from "../estate/index.ts";
import { SshHost } from "../host/index.ts";
import { bad, looked, ok, type Finding } from "./finding.ts";
import { answersIn, QUESTIONS } from "./host-questions.ts";
import { judgeHost } from "./judge-host.ts";

const TIMEOUT_MS = 60_000;

export type HostLook = {
  readonly findings: readonly Finding[];
  /** False: it did not answer, showed another key, or refused the login. */
  readonly isReached: boolean;
};

/** Every finding about a host. `now` is read when it answers, since both clocks are compared. */
export async function lookAtHost(host: EstateHost, now: () => number, signal: AbortSignal): Promise<HostLook> {
  const { id, address, port, user, hostKeys, proxyJump } = host;
  const ssh = await SshHost.open({ id, address, port, user, hostKeys, proxyJump });
  let isReached = false;
  try {
    const findings = await looked("connection", async () => {
      const { status, stdout, stderr } = await ssh.run(["sh", "-s"], {
        input: QUESTIONS,
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      isReached = true;
      if (status !== 0) {
        const what = `the look ended with status ${status ?? "none"}: ${stderr.trim().split("\n").at(-1) ?? ""}`;
        return [bad("error", "connection", what, `try it by hand: ssh -p ${port} ${user}@${address} sudo -n true`)];
      }
      const reached = ok(
        "connection",
        `${user}@${address} answers with the pinned host key; sudo asks for no password`,
      );
      return [reached, ...judgeHost(answersIn(stdout), host, now())];
    });
    return { findings, isReached };
  } finally {
    await ssh.close();
  }
}
