// Proves the probe before its silence is believed: the host asks listeners that we open beside the vantage, over the
// same link and with the same program. All of them must be found, and none beside them.
import { failed, passed, skipped, type Check } from "./check.ts";
import { whileListening } from "./listen-everywhere.ts";
import { scan, type Scan, type Target } from "./programs.ts";
import { portsOf, rangesOf, showRanges, type Ranges } from "./ranges.ts";
import type { Inside, Vantage } from "./vantage.ts";

export type Control = {
  readonly check: Check;
  /** Why "closed" may not be believed. */
  readonly doubt?: string | undefined;
  /** The shortest round trip that was measured. */
  readonly tripMs?: number | undefined;
};

const OPEN: Ranges = [[24_000, 24_031]];
const CLOSED: Ranges = [[24_032, 24_063]];
const UDP: Ranges = [[24_000, 24_003]];

export async function controlProbe(
  vantage: Vantage,
  beside: readonly Target[],
  inside: Inside | undefined,
  signal?: AbortSignal,
): Promise<Control> {
  const about = { name: "the probe finds what is open", from: vantage.name };
  if (inside === undefined) {
    return {
      check: skipped(about, "nothing runs inside a real host: ports that the estate opens must prove the probe"),
    };
  }
  const { value: scans, lasted } = await whileListening(
    { run: vantage.run, targets: beside, tcp: OPEN, udp: UDP, signal },
    ({ families }) => {
      const free = families.map(({ tcp }) => portsOf(tcp.taken).size === 0);
      if (!free.every(Boolean)) throw new Error(`ports ${showRanges(OPEN)} of ${vantage.name} are in use`);
      return scan(
        inside.exec,
        { targets: beside, tcp: [...OPEN, ...CLOSED], udp: UDP, answerMs: 400, window: 64 },
        signal,
      );
    },
  );
  const counts = countsOf(scans);
  const evidence = scans.map(
    ({ family, tcp, udp }) =>
      `ipv${family}: tcp open ${showRanges(tcp.open)}, refused ${showRanges(tcp.refused)}, udp open ${showRanges(udp.open)}`,
  );
  const trips = scans.flatMap(({ tcp }) => tcp.tripMs ?? []);
  if (!lasted || !scans.every(isRight)) {
    const doubt = "the link or the probe does not work: open control ports were not found, so closed ones mean nothing";
    return { check: failed(about, doubt, { counts, evidence }), doubt };
  }
  return {
    check: passed(about, "each open control port was found open, each closed one refused", { counts, evidence }),
    tripMs: Math.min(...trips),
  };
}

function isRight({ tcp, udp }: Scan): boolean {
  return same(tcp.open, OPEN) && same(tcp.refused, CLOSED) && same(udp.open, UDP);
}

function same(one: Ranges, other: Ranges): boolean {
  return showRanges(rangesOf(portsOf(one))) === showRanges(other);
}

function countsOf(scans: readonly Scan[]): Check["counts"] {
  const sum = (of: (scan: Scan) => Ranges) => scans.reduce((total, each) => total + portsOf(of(each)).size, 0);
  return {
    expectedOpen: scans.length * (portsOf(OPEN).size + portsOf(UDP).size),
    open: sum(({ tcp }) => tcp.open) + sum(({ udp }) => udp.open),
    refused: sum(({ tcp }) => tcp.refused),
  };
}
