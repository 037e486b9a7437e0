// Where the checks look from: outside (another position in the network) and, in a rehearsal, inside the host.
import type { RunResult } from "../lib/run.ts";

type ProgramOptions = {
  readonly input?: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

/** Runs a program somewhere; it needs Python 3 there. */
export type RunProgram = (argv: readonly string[], options: ProgramOptions) => Promise<RunResult>;

/** Another machine, or a network namespace, from which the host is looked at. */
export type Vantage = {
  /** `neighbour`, `office`: it stands in the name of each check. */
  readonly name: string;
  readonly run: RunProgram;
  /** Sends packets for a network behind the host straight to the host; where it cannot, that check is skipped. */
  readonly routeThroughHost?: ((network: string) => Promise<void>) | undefined;
};

/** The inside of a disposable host, as its root. Never a real one: the listeners take every port of it. */
export type Inside = {
  readonly exec: RunProgram;
  /** An image that is there and has node (the gateway's): probe containers run it. */
  readonly probeImage?: string | undefined;
};
