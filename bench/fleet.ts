// A plan of fifty hosts beside fifty bare ssh at once, near and far; and, over fewer of the same hosts, beside Ansible's check
// mode and pyinfra's dry run. The hosts share this machine's processors, so processor time is told beside the wall clock.
import { join } from "node:path";
import { costOf, middle, type Cost } from "./fleet/cost.ts";
import { delay } from "./fleet/delay.ts";
import { startFleet, USER, type Fleet, type FleetHost } from "./fleet/hosts.ts";
import { MAIN, seatOperator, type Operator } from "./fleet/operator.ts";
import { checkMode, dryRun, installPeers, PYINFRA, pyinfraTasks } from "./fleet/peers.ts";
import { stopwatch } from "./plan/measure.ts";
import type { Row } from "../scripts/bench-row.ts";

export const name = "fleet";

const HOSTS = 50;
/** Of them, for programs that take minutes for fifty. */
const FEW = 2;
const FORKS = 50;
const ROUNDS = 3;
const DELAYS_MS = [0, 10, 50];

export async function bench(): Promise<Row[]> {
  const fleet = await startFleet(HOSTS);
  try {
    const all = await seatOperator(fleet);
    const few = await seatOperator({ ...fleet, hosts: fleet.hosts.slice(0, FEW) });
    try {
      return [...(await beside(fleet, all)), ...(await besidePeers(fleet, few))];
    } finally {
      all.close();
      few.close();
    }
  } finally {
    await fleet.close();
  }
}

async function beside(fleet: Fleet, operator: Operator): Promise<Row[]> {
  const rows: Row[] = [];
  await plan(fleet, operator);
  for (const ms of DELAYS_MS) {
    const delayed = await delay(fleet, ms);
    const [ours, theirs]: [Cost[], Cost[]] = [[], []];
    // By turns, so that whatever else this machine does falls on both.
    for (let round = 0; round < ROUNDS; round += 1) {
      theirs.push(await bareSsh(fleet, operator));
      ours.push(await plan(fleet, operator));
    }
    await delayed.undo();
    rows.push(...compared(delayed.by, middle(ours), middle(theirs)));
  }
  return rows;
}

function compared(way: string, ours: Cost, theirs: Cost): Row[] {
  const what = `plan of ${HOSTS} hosts, of as many bare ssh at once`;
  return [
    atMost(`${what} (${way})`, ours.wall, theirs.wall, 2),
    { ...atMost(`${what}, processor time here (${way})`, ours.here, theirs.here, 0), budget: null },
    { ...atMost(`${what}, processor time of the hosts (${way})`, ours.hosts, theirs.hosts, 0), budget: null },
  ];
}

/** The real command line. These hosts have no init, so that some of what is wanted is refused: exit code 7. */
async function plan(fleet: Fleet, { estate, env }: Operator): Promise<Cost> {
  return await costOf(fleet, [process.execPath, MAIN, "plan"], { cwd: estate, env, statuses: [2, 7] });
}

async function bareSsh(fleet: Fleet, { estate, env }: Operator): Promise<Cost> {
  const known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
  // Each in a session of its own, as ours are: where the kernel shares processors out by session, fifty in one get one share.
  const each = `for host; do setsid ssh -T -F none ${known} -l ${USER} "$host" true & all="$all $!"; done; for one in $all; do wait "$one" || exit 1; done`;
  const addresses = fleet.hosts.map(({ address }) => address);
  return await costOf(fleet, ["bash", "-c", each, "bare", ...addresses], { cwd: estate, env, statuses: [0] });
}

async function besidePeers(fleet: Fleet, operator: Operator): Promise<Row[]> {
  const hosts: readonly FleetHost[] = fleet.hosts.slice(0, FEW);
  const project = join(operator.room, "project");
  await costOf(fleet, [process.execPath, MAIN, "export", "ansible", project], {
    cwd: operator.estate,
    env: operator.env,
    statuses: [0],
  });
  const tasks = join(operator.room, "tasks.json");
  const { given, all } = pyinfraTasks(project, tasks);
  await installPeers(operator);
  const costs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round += 1) costs.push(await plan(fleet, operator));
  const ours = middle(costs).wall;
  const dry = await stopwatch(async () => await dryRun(operator, tasks, hosts));
  const check = await stopwatch(async () => await checkMode(operator, project, hosts, FORKS));
  const of = `plan of ${FEW} hosts, of`;
  return [
    atLeast(
      `${of} ansible-playbook --check --diff with ${FORKS} forks, the exported play of ${all} tasks`,
      check,
      ours,
      50,
    ),
    { ...atLeast(`${of} pyinfra ${PYINFRA} --dry with ${given} of its tasks`, dry, ours, 0), budget: null },
  ];
}

function atLeast(what: string, theirs: number, ours: number, bound: number): Row {
  const budget = `>= ${bound}`;
  return { bench: name, name: what, value: theirs / ours, unit: "x", budget, ok: null, ours, theirs };
}

function atMost(what: string, ours: number, theirs: number, bound: number): Row {
  const budget = `<= ${bound}`;
  return { bench: name, name: what, value: ours / theirs, unit: "x", budget, ok: null, ours, theirs };
}
