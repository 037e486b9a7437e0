// Every TCP port and the UDP ports that matter, over both families, with a live listener behind each.
import { type Check, skipped } from "./check.ts";
import type { Expectation } from "./expectation.ts";
import { judgePorts } from "./judge-ports.ts";
import { whileListening } from "./listen-everywhere.ts";
import { type Control, controlProbe } from "./probe-control.ts";
import { scan, type Listening, type Scan, type ScanJob, type Target } from "./programs.ts";
import { everyPort, rangesOf, type Ranges } from "./ranges.ts";
import type { Inside, Vantage } from "./vantage.ts";

/** What is looked at, and from where. */
export type PortsRequest = {
  readonly expectation: Expectation;
  readonly targets: readonly Target[];
  readonly from: readonly Vantage[];
  /** All of them, unless a part is looked at again. */
  readonly tcp?: Ranges | undefined;
  readonly inside?: Inside | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Ports of services that answer anybody, can be used to amplify an attack, or carry a tunnel. */
const udpThatMatter = [
  7, 17, 19, 53, 67, 68, 69, 88, 111, 123, 137, 138, 161, 162, 177, 319, 320, 323, 389, 427, 443, 500, 514, 520, 546,
  547, 623, 631, 1194, 1434, 1645, 1701, 1812, 1813, 1900, 2049, 2152, 3478, 3702, 4500, 4789, 5004, 5060, 5353, 5355,
  5683, 6081, 8472, 10001, 11211, 27015, 33434, 41641, 51820,
];

/** Seen from one vantage: its own addresses, and whether its probe works. */
type Post = { readonly vantage: Vantage; readonly control: Control; readonly scans: Scan[] };

export async function checkPorts(request: PortsRequest): Promise<Check[]> {
  const { inside, targets, signal, tcp = everyPort } = request;
  const posts: Post[] = [];
  const controls: [Vantage, Control][] = [];
  for (const vantage of request.from) controls.push([vantage, await control(vantage, request)]);
  const udp = rangesOf([...udpThatMatter, ...openUdp(request.expectation)]);
  const scanAll = async (): Promise<void> => {
    for (const [vantage, its] of controls) {
      posts.push({
        vantage,
        control: its,
        scans: await scan(vantage.run, { targets, tcp, udp, ...paceOf(its.tripMs) }, signal),
      });
    }
  };
  if (inside === undefined) {
    await scanAll();
    return posts.flatMap((post) => judge(request, post, udp));
  }
  const everywhere = { run: inside.exec, targets, tcp, udp, forgetFinished: true, signal };
  const { value: listening, lasted } = await whileListening(everywhere, async (heard) => {
    await scanAll();
    return heard;
  });
  return posts.flatMap((post) => judge(request, post, udp, listening, lasted));
}

async function control(vantage: Vantage, { targets, inside, signal }: PortsRequest): Promise<Control> {
  const nothing: ScanJob = { targets, tcp: [], udp: [], answerMs: 100, window: 1 };
  const sources = await scan(vantage.run, nothing, signal);
  const beside = sources.flatMap(({ family, source }) => (source === null ? [] : [{ family, address: source }]));
  return await controlProbe(vantage, beside, inside, signal);
}

/** A near host may be asked everything at once; a far one is spared, and given more time. */
function paceOf(tripMs: number | undefined): Pick<ScanJob, "answerMs" | "window"> {
  const near = tripMs !== undefined && tripMs < 5;
  const answerMs = tripMs === undefined ? 1000 : Math.min(2000, Math.max(200, Math.round(tripMs * 8)));
  return { answerMs, window: near ? 65_535 : 4096 };
}

function openUdp({ openings }: Expectation): number[] {
  return openings.filter(({ proto }) => proto === "udp").map(({ port }) => port);
}

function judge(
  { expectation, inside, tcp = everyPort }: PortsRequest,
  { vantage, control: { check, doubt }, scans }: Post,
  udp: Ranges,
  listening?: Listening,
  lasted = true,
): Check[] {
  const checks = scans.flatMap((each) => {
    const { family, source } = each;
    if (source === null)
      return [skipped({ name: `ports over ipv${family}`, from: vantage.name }, "there is no way there")];
    const behind = listening?.families.find((one) => one.family === family);
    const unproven =
      inside === undefined && each.tcp.open.length === 0
        ? "no port is open from here: nothing proves the probe"
        : undefined;
    const why = doubt ?? unproven ?? (lasted ? undefined : "listeners ended before the scan did");
    return (["tcp", "udp"] as const).flatMap((proto) =>
      judgePorts(expectation, {
        from: vantage.name,
        source,
        proto,
        family,
        asked: proto === "tcp" ? tcp : udp,
        answers: each[proto],
        listeners: behind?.[proto],
        doubt: why,
      }),
    );
  });
  return [check, ...checks];
}
