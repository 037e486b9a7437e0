// Compares what the ports answered with what the estate allows. Only silence is closed: a host that drops says nothing.
import { failed, passed, skipped, type Check } from "./check.ts";
import { isOpen, type Expectation, type Family, type Proto } from "./expectation.ts";
import type { Answers } from "./programs.ts";
import { portsOf, rangesOf, showRanges, type Ranges } from "./ranges.ts";

export type PortAnswers = {
  readonly from: string;
  readonly source: string;
  readonly proto: Proto;
  readonly family: Family;
  readonly asked: Ranges;
  readonly answers: Answers;
  /** Answers to the same question from inside, over loopback; not there on a real host. */
  readonly listeners?: { readonly answers: Ranges; readonly refused: Ranges; readonly taken: Ranges } | undefined;
  /** Why the probe may not be believed when it says "closed". */
  readonly doubt?: string | undefined;
};

type Sorted = Record<
  "expectedOpen" | "open" | "unexpected" | "missing" | "closed" | "refusedInside" | "unproven",
  ReadonlySet<number>
>;

export function judgePorts(expectation: Expectation, seen: PortAnswers): Check[] {
  const sorted = sort(expectation, seen);
  // A program that holds a UDP port need not answer a stranger: its silence proves nothing, and is told apart.
  const apart = seen.proto === "udp" ? portsOf(seen.listeners?.taken ?? []) : new Set<number>();
  const mine = without(sorted, apart);
  const silentApart = [...sorted.unproven, ...sorted.missing].filter((port) => apart.has(port));
  return [verdict(seen, mine), ...(silentApart.length === 0 ? [] : [heldByOthers(seen, silentApart)])];
}

function sort(expectation: Expectation, { proto, family, source, asked, answers, listeners }: PortAnswers): Sorted {
  const all = portsOf(asked);
  const open = portsOf(answers.open);
  const silent = portsOf(answers.silent);
  const live = portsOf(listeners?.answers ?? []);
  // A connection under way may hold a port: nobody can listen there, but the host answers with a refusal, and would do
  // so to the outside too.
  const refused = portsOf(listeners?.refused ?? []);
  const expectedOpen = pick(all, (port) => isOpen(expectation, { proto, family, port }, source));
  const closed = pick(silent, (port) => !expectedOpen.has(port));
  return {
    expectedOpen,
    open,
    // A refusal went through the firewall as an answer would have.
    unexpected: pick(all, (port) => !expectedOpen.has(port) && !silent.has(port)),
    missing: pick(expectedOpen, (port) => !open.has(port)),
    closed,
    refusedInside: pick(closed, (port) => refused.has(port)),
    unproven: listeners === undefined ? new Set() : pick(closed, (port) => !live.has(port) && !refused.has(port)),
  };
}

function without(sorted: Sorted, apart: ReadonlySet<number>): Sorted {
  const keep = (ports: ReadonlySet<number>) => pick(ports, (port) => !apart.has(port));
  return { ...sorted, missing: keep(sorted.missing), closed: keep(sorted.closed), unproven: keep(sorted.unproven) };
}

function pick(ports: Iterable<number>, wanted: (port: number) => boolean): Set<number> {
  return new Set([...ports].filter(wanted));
}

function verdict(seen: PortAnswers, sorted: Sorted): Check {
  const about = aboutOf(seen);
  const { expectedOpen, open, unexpected, missing, closed, refusedInside, unproven } = sorted;
  const counts = {
    asked: portsOf(seen.asked).size,
    expectedOpen: expectedOpen.size,
    open: open.size,
    closed: closed.size,
    ...(seen.listeners === undefined ? {} : { liveBehindClosed: closed.size - refusedInside.size - unproven.size }),
    refused: portsOf(seen.answers.refused).size,
    unexpected: unexpected.size,
    missing: missing.size,
  };
  const evidence = [
    `asked from ${seen.source}`,
    ...told("open", open),
    ...told("reached, though the estate does not open them", unexpected),
    ...told("not reached, though the estate opens them", missing),
    ...told("held by a connection, so that the host refuses them to itself", refusedInside),
    ...told("nobody answered behind them, so that silence proves nothing", unproven),
    ...Object.entries(seen.answers.unreachable).map(([name, ports]) => `${name}: ${showRanges(ports)}`),
  ];
  if (unexpected.size > 0)
    return failed(about, `${unexpected.size} port(s) are reached that the estate keeps closed`, { counts, evidence });
  if (seen.doubt !== undefined) return skipped(about, seen.doubt, { counts, evidence });
  if (missing.size > 0)
    return failed(about, `${missing.size} port(s) that the estate opens are not reached`, { counts, evidence });
  if (unproven.size > 0)
    return failed(about, `${unproven.size} port(s) are silent, and had no live listener`, { counts, evidence });
  const behind =
    seen.listeners === undefined
      ? "whether anybody listens there is not known"
      : `a live listener behind each${but(refusedInside)}`;
  return passed(about, `${open.size} open as expected, ${closed.size} closed, ${behind}`, { counts, evidence });
}

function but(ports: ReadonlySet<number>): string {
  return ports.size === 0 ? "" : ` but ${ports.size} that a connection holds`;
}

function told(what: string, ports: ReadonlySet<number>): string[] {
  return ports.size === 0 ? [] : [`${what}: ${showRanges(rangesOf(ports))}`];
}

function heldByOthers(seen: PortAnswers, ports: readonly number[]): Check {
  const about = { ...aboutOf(seen), name: `${aboutOf(seen).name}, ports in use` };
  return skipped(about, "a program of the host holds them and does not answer strangers: silence proves nothing", {
    counts: { asked: ports.length },
    evidence: [showRanges(rangesOf(ports))],
  });
}

function aboutOf({ proto, family, from }: PortAnswers) {
  return { name: `${proto} over ipv${family}`, from };
}
