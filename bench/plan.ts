// A plan beside ansible-playbook's check mode, an apply beside its run: the same host, the same estate, one session.
// Ansible is given its best: pipelining, one connection kept open, no facts, packages as a list, and the same machine.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Seat } from "../test/journeys/seat.ts";
import { openHarbour } from "./plan/harbour-seat.ts";
import { ansible, plainPlaybook } from "./plan/ansible-side.ts";
import { best, ended, median, stopwatch } from "./plan/measure.ts";
import type { Row } from "../scripts/bench-row.ts";

export const name = "plan";

const MAIN = resolve(import.meta.dirname, "../src/cli/demesne.js");
const ROOT = resolve(import.meta.dirname, "..");

export async function bench(): Promise<Row[]> {
  const [seat, other] = [await openHarbour(), await openHarbour()];
  const room = await mkdtemp(join(tmpdir(), "demesne-bench-plan-"));
  try {
    const firstApply = await applied(seat);
    const theirs = await exported(other, join(room, "exported"));
    const plans = await plansOf(seat, room);
    return [
      ...plans,
      atMost("first apply, of Ansible's run of the exported project", firstApply, theirs, 0.6),
      await oneFile(seat),
      await version(),
      await rehearsal(),
    ];
  } finally {
    await seat.close();
    await other.close();
    await rm(room, { recursive: true });
  }
}

/** From a saved plan to the receipt, on a host that nobody has touched yet. */
async function applied(seat: Seat): Promise<number> {
  await expect(seat, 2, "plan", "--out", "plan.json");
  return await stopwatch(async () => await expect(seat, 0, "apply", "plan.json"));
}

/** The same by plain Ansible, on another fresh twin. */
async function exported(seat: Seat, folder: string): Promise<number> {
  await expect(seat, 0, "export", "ansible", folder);
  return await stopwatch(async () => await ansible(seat, folder, "site.yml"));
}

async function plansOf(seat: Seat, room: string): Promise<Row[]> {
  const folder = join(room, "check");
  await expect(seat, 0, "export", "ansible", folder);
  await writeFile(join(folder, "plain.yml"), plainPlaybook(95));
  await ansible(seat, folder, "plain.yml");
  const plan = async (): Promise<void> => await expect(seat, 0, "plan", "--out", "empty.json");
  await plan();
  const ours = await median(7, plan);
  const bare = await median(7, async () => await bareSsh(seat));
  const start = await median(7, async () => await expect(seat, 0, "plan", "--help"));
  const noop = await median(5, async () => await expect(seat, 0, "apply", "empty.json"));
  const check = await best(2, async () => await ansible(seat, folder, "site.yml", "--check", "--diff"));
  const plain = await best(2, async () => await ansible(seat, folder, "plain.yml", "--check", "--diff"));
  return [
    atLeast("plan, of --check --diff of the exported project", check, ours, 50),
    atLeast("plan, of --check --diff of 95 plain tasks", plain, ours, 50),
    atMost("plan, of ssh host true and the program's own start", ours, bare + start, 2),
    { ...row("ssh host true", bare, "s"), theirs: null },
    { ...row("the program's own start", start, "s"), theirs: null },
    atMost("no-op apply, of a plan", noop, ours, 1.1),
  ];
}

async function bareSsh({ twin, env }: Seat): Promise<void> {
  const { address } = twin;
  const known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
  const argv = ["ssh", "-F", "none", ...known, "-p", String(address.port), "-l", address.user, address.address, "true"];
  await ended(argv, { env, cwd: ROOT });
}

/** Somebody edits one file: from the start of `plan` to the end of `apply`. */
async function oneFile(seat: Seat): Promise<Row> {
  const value = await median(
    3,
    async () => {
      await expect(seat, 2, "plan", "--out", "drift.json");
      await expect(seat, 0, "apply", "drift.json");
    },
    async () => void (await seat.inTwin("echo '// drift' >> /etc/apt/apt.conf.d/52demesne-upgrades")),
  );
  return { ...row("one file that drifted, plan to receipt", value, "s"), budget: "<= 4", theirs: null };
}

async function version(): Promise<Row> {
  const ours = await median(15, async () => await ended([process.execPath, MAIN, "--version"], { cwd: ROOT }));
  const bare = await median(15, async () => await ended([process.execPath, "--eval", "0"], { cwd: ROOT }));
  return atMost("demesne --version, of bare node", ours, bare, 2);
}

/** The second one on this machine: everything above has filled the cache. */
async function rehearsal(): Promise<Row> {
  const argv = [process.execPath, MAIN, "rehearse", join(ROOT, "examples/harbour")];
  const value = await stopwatch(async () => await ended(argv, { cwd: ROOT }));
  return { ...row("a second whole rehearsal", value, "s"), budget: "<= 60", theirs: null };
}

async function expect(seat: Seat, status: number, ...args: readonly string[]): Promise<void> {
  await ended([process.execPath, MAIN, ...args], { env: seat.env, cwd: seat.estate.folder, status });
}

function row(what: string, value: number, unit: string): Row {
  return { bench: name, name: what, value, unit, budget: null, ok: null, ours: value, theirs: 0 };
}

function atLeast(what: string, theirs: number, ours: number, bound: number): Row {
  return { ...row(what, theirs / ours, "x"), budget: `>= ${bound}`, ours, theirs };
}

function atMost(what: string, ours: number, theirs: number, bound: number): Row {
  return { ...row(what, ours / theirs, "x"), budget: `<= ${bound}`, ours, theirs };
}
