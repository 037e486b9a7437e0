// Looks at one host from outside, and in a rehearsal from inside too. It judges; it changes nothing that lasts.
import type { HostAddress } from "../host/index.ts";
import type { Progress } from "../lib/ports.ts";
import type { Check } from "./check.ts";
import { checkInside } from "./check-inside.ts";
import { checkPorts } from "./check-ports.ts";
import { checkSshd } from "./check-sshd.ts";
import type { Expectation } from "./expectation.ts";
import type { Target } from "./programs.ts";
import type { Inside, Vantage } from "./vantage.ts";

export type VerifyRequest = {
  readonly expectation: Expectation;
  /** How sshd is reached, with the pinned host keys. */
  readonly ssh: HostAddress;
  readonly address4?: string | undefined;
  readonly address6?: string | undefined;
  /** Each looks by itself: put one where the estate lets people in, and one where it does not. */
  readonly from: readonly Vantage[];
  /** Only of a disposable host. */
  readonly inside?: Inside | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
};

/** Answers with every check, the ones that could not run as well. Throws Problem `failed` when a vantage does not work. */
export async function verifyHost(request: VerifyRequest): Promise<Check[]> {
  const { expectation, ssh, from, inside, progress, signal } = request;
  const targets = targetsOf(request);
  progress.step(`Asking every port of ${expectation.host} from ${from.map(({ name }) => name).join(" and ")}`);
  const ports = await checkPorts({ expectation, targets, from, inside, signal });
  progress.step(`Asking sshd of ${expectation.host} for a login by password`);
  const sshd = await checkSshd(from, ssh, expectation, signal);
  if (inside === undefined) return [...ports, ...sshd];
  progress.step(`Asking containers of ${expectation.host}, and containers' ports from outside`);
  return [...ports, ...sshd, ...(await checkInside({ expectation, targets, from, inside, signal }))];
}

function targetsOf({ address4, address6 }: VerifyRequest): Target[] {
  return [
    ...(address4 === undefined ? [] : [{ family: 4 as const, address: address4 }]),
    ...(address6 === undefined ? [] : [{ family: 6 as const, address: address6 }]),
  ];
}
