// The gateway beside a bare proxy and Portkey's, all on loopback, one after the other, with one upstream and one load.
import { Programs, type Side } from "./gateway/programs.ts";
import type { Load } from "./gateway/load.ts";

export const name = "gateway";

export type Row = {
  readonly bench: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: string;
  readonly ok: boolean;
  readonly ours: number;
  readonly theirs: number;
};

type Sides = { readonly direct: Side; readonly bare: Side; readonly portkey: Side; readonly ours: Side };

export async function bench(): Promise<Row[]> {
  const programs = new Programs();
  try {
    const direct = await programs.upstream(4500);
    const sides = {
      direct,
      bare: await programs.bare(4501, direct),
      portkey: await programs.portkey(4502, direct),
      ours: await programs.gateway(4503, direct),
    };
    const idleMb = sides.ours.residentMb();
    for (const side of Object.values(sides)) await programs.load(side, { connections: 32, seconds: 3 });
    const rows = [
      ...(await throughput(programs, sides)),
      ...(await latency(programs, sides)),
      ...(await streams(programs, sides)),
      atMost("resident, idle", idleMb, 0, "MB", 150),
      atMost("resident, after 1 KB x 32 and 512 streams", sides.ours.residentMb(), 0, "MB", 150),
    ];
    const shim = programs.slowSync();
    if (shim === undefined) return rows;
    const slow = await programs.gateway(4504, direct, shim);
    await programs.load(slow, { connections: 32, seconds: 2 });
    return [...rows, ...(await slowDisk(programs, { ...sides, ours: slow }))];
  } finally {
    programs.close();
  }
}

async function throughput(programs: Programs, { bare, portkey, ours }: Sides): Promise<Row[]> {
  const rps = async (side: Side, load: Partial<Load>): Promise<number> => (await programs.load(side, load)).rps;
  const small = { connections: 32, seconds: 4 };
  const [bareSmall, portkeySmall, oursSmall] = [
    await rps(bare, small),
    await rps(portkey, small),
    await rps(ours, small),
  ];
  const rows = [
    atLeast("1 KB x 32, of bare", oursSmall, bareSmall, 0.35),
    atLeast("1 KB x 32, of Portkey", oursSmall, portkeySmall, 3),
  ];
  for (const [label, bodyBytes] of [
    ["100 KB x 8", 100_000],
    ["1 MB x 4", 1_000_000],
  ] as const) {
    const load = { connections: bodyBytes > 500_000 ? 4 : 8, bodyBytes, seconds: 4 };
    rows.push(atLeast(`${label}, of Portkey`, await rps(ours, load), await rps(portkey, load), 1));
  }
  return rows;
}

async function latency(programs: Programs, { direct, bare, ours }: Sides): Promise<Row[]> {
  const alone = { connections: 1, seconds: 3 };
  const [directAlone, oursAlone] = [await programs.load(direct, alone), await programs.load(ours, alone)];
  const steady = { connections: 32, seconds: 4, rate: 500 };
  const [bareSteady, oursSteady] = [await programs.load(bare, steady), await programs.load(ours, steady)];
  return [
    // One commit is in it: the fsync of this disk is not taken out.
    atMost(
      "added p50 at one connection, with one fsync",
      oursAlone.p50Ms - directAlone.p50Ms,
      directAlone.p50Ms,
      "ms",
      0.2,
    ),
    {
      ...atMost("p99 at 500 a second, of bare", oursSteady.p99Ms / bareSteady.p99Ms, bareSteady.p99Ms, "x", 2),
      ours: oursSteady.p99Ms,
    },
  ];
}

async function streams(programs: Programs, { ours }: Sides): Promise<Row[]> {
  const [held] = await Promise.all([
    programs.load(ours, { connections: 512, isStream: true, seconds: 4 }),
    programs.load(ours, { connections: 1, bodyBytes: 1_000_000, seconds: 4 }),
  ]);
  return [
    {
      ...atMost("512 streams beside 1 MB bodies, lost frames", 40 - held.fewestFrames, 40, "frames", 0),
      ours: held.fewestFrames,
    },
    atMost("512 streams beside 1 MB bodies, inter-frame p99", held.gapP99Ms, 20, "ms over 20", 5),
  ];
}

async function slowDisk(programs: Programs, { bare, portkey, ours }: Sides): Promise<Row[]> {
  const small = { connections: 32, seconds: 4 };
  const [bareSmall, portkeySmall, oursSmall] = [
    await programs.load(bare, small),
    await programs.load(portkey, small),
    await programs.load(ours, small),
  ];
  return [
    atLeast("1 KB x 32 with 2 ms more a fsync, of bare", oursSmall.rps, bareSmall.rps, 0.35),
    atLeast("1 KB x 32 with 2 ms more a fsync, of Portkey", oursSmall.rps, portkeySmall.rps, 3),
  ];
}

function atLeast(label: string, ours: number, theirs: number, budget: number): Row {
  const value = ours / theirs;
  return { bench: name, name: label, value, unit: "x", budget: `>= ${budget}`, ok: value >= budget, ours, theirs };
}

function atMost(label: string, value: number, theirs: number, unit: string, budget: number): Row {
  return { bench: name, name: label, value, unit, budget: `<= ${budget}`, ok: value <= budget, ours: value, theirs };
}
