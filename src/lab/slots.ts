// Which twins exist on this machine, and whose they are: one record a slot under /run, written before anything is made.
// A slot whose owner died is swept by the next lab process; one whose owner lives is never touched.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Problem } from "../lib/problem.ts";
import { SLOTS, collides, subnetOf } from "./addresses.ts";
import { removeControlGroup } from "./control-group.ts";
import { disconnect, forgetRanges } from "./link.ts";
import { alone } from "./mutex.ts";
import { ProcessMark, isAlive, markOf } from "./process-mark.ts";

const SlotRecord = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this record" }),
  owner: ProcessMark.meta({ description: "The lab process that made the twin" }),
  folder: z.string().meta({ description: "Everything the twin keeps on disk" }),
  base: z.string().meta({ description: "The base system it stands on" }),
  holders: z.array(ProcessMark).meta({ description: "Processes to end before anything is removed" }),
});
const Owned = z.looseObject({ owner: ProcessMark.meta({ description: "The lab process that made the twin" }) });
type SlotRecord = z.infer<typeof SlotRecord>;

const RECORDS = "/run/demesne-lab";
const LOCK = join(RECORDS, "lock");
const WAIT_MS = 120_000;
const PAUSE_MS = 10;

export type Slot = { readonly number: number; readonly folder: string };

/** Sweeps what dead processes left, then takes the lowest free slot. The folder is not made yet. */
export async function takeSlot(twins: string, base: string, signal?: AbortSignal): Promise<Slot> {
  return await alone(LOCK, { timeoutMs: WAIT_MS, signal }, async () => {
    await sweepDead();
    const taken = new Set(recorded());
    const addresses = ownAddresses(taken);
    const number = Array.from({ length: SLOTS }, (_, index) => index).find(
      (index) => !taken.has(index) && !collides(subnetOf(index), addresses),
    );
    if (number === undefined) throw full();
    const folder = join(twins, `${number}-${process.pid}`);
    const owner = markOf(process.pid);
    if (owner === undefined) throw new Error("this process has no entry in /proc");
    write(number, { format: 1, owner, folder, base, holders: [] });
    return { number, folder };
  });
}

/** Notes a process that must be gone before the slot's leftovers are removed. */
export function noteHolder(slot: Slot, holder: ProcessMark): void {
  const record = read(slot.number);
  if (record !== undefined) write(slot.number, { ...record, holders: [...record.holders, holder] });
}

/** Removes all that the slot stands for. */
export async function freeSlot(slot: Slot): Promise<void> {
  await alone(LOCK, { timeoutMs: WAIT_MS }, async () => {
    await remove(slot.number);
    await afterLast();
  });
}

/** Removes what dead lab processes left behind; says how many twins that were. */
export async function sweep(signal?: AbortSignal): Promise<number> {
  if (recorded().length === 0) return 0;
  return await alone(LOCK, { timeoutMs: WAIT_MS, signal }, sweepDead);
}

/** Bases that a recorded twin stands on. */
export function basesInUse(): Set<string> {
  return new Set(recorded().flatMap((number) => read(number)?.base ?? []));
}

/** This machine's addresses, but those of twins: some VPN programs use the benchmarking range too. */
function ownAddresses(taken: ReadonlySet<number>): string[] {
  const twins = new Set([...taken].map((number) => subnetOf(number).link));
  return Object.entries(networkInterfaces())
    .filter(([name]) => !twins.has(name))
    .flatMap(([, addresses = []]) => addresses.flatMap(({ cidr }) => cidr ?? []));
}

async function sweepDead(): Promise<number> {
  const dead = recorded().filter((number) => {
    const owner = ownerOf(number);
    return owner === undefined || !isAlive(owner);
  });
  for (const number of dead) await remove(number);
  if (dead.length > 0) await afterLast();
  return dead.length;
}

async function remove(number: number): Promise<void> {
  const record = read(number);
  for (const holder of record?.holders ?? []) await end(holder);
  await removeControlGroup(number);
  await disconnect(subnetOf(number));
  if (record !== undefined) rmSync(record.folder, { recursive: true, force: true, maxRetries: 5 });
  rmSync(recordOf(number), { force: true });
}

/** The kernel lets a holder end last of all in its namespaces. */
async function end(holder: ProcessMark): Promise<void> {
  if (isAlive(holder)) process.kill(holder.pid, "SIGKILL");
  for (let waited = 0; isAlive(holder) && waited < WAIT_MS; waited += PAUSE_MS) await sleep(PAUSE_MS);
}

async function afterLast(): Promise<void> {
  if (recorded().length === 0) await forgetRanges();
}

function recorded(): number[] {
  if (!existsSync(RECORDS)) return [];
  return readdirSync(RECORDS)
    .flatMap((name) => /^slot-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number);
}

function read(number: number): SlotRecord | undefined {
  try {
    return SlotRecord.parse(JSON.parse(readFileSync(recordOf(number), "utf8")));
  } catch {
    // A torn record, or another version's, names no folder: what its number stands for is still removed.
    return undefined;
  }
}

/** Also from a record of another version, whose twin may well be alive. */
function ownerOf(number: number): ProcessMark | undefined {
  try {
    return Owned.parse(JSON.parse(readFileSync(recordOf(number), "utf8"))).owner;
  } catch {
    return undefined;
  }
}

function write(number: number, record: SlotRecord): void {
  mkdirSync(RECORDS, { recursive: true, mode: 0o700 });
  const file = recordOf(number);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function recordOf(number: number): string {
  return join(RECORDS, `slot-${number}.json`);
}

function full(): Problem {
  return new Problem({
    code: "refused",
    where: RECORDS,
    what: `all ${SLOTS} networks for twins are taken, by twins or by this machine's own addresses`,
    fix: "end some of the rehearsals that are running, or the VPN that uses 198.18.0.0/15",
  });
}
