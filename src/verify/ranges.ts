// Ports as ranges, the way the programs print them: [[22, 22], [80, 90]].
import * as z from "zod";

const Bound = z.int().min(1).max(65535);

export const Ranges = z.array(z.tuple([Bound, Bound]));
export type Ranges = z.infer<typeof Ranges>;

export const everyPort: Ranges = [[1, 65535]];

export function portsOf(ranges: Ranges): Set<number> {
  const ports = new Set<number>();
  for (const [first, last] of ranges) for (let port = first; port <= last; port += 1) ports.add(port);
  return ports;
}

export function rangesOf(ports: Iterable<number>): Ranges {
  const ranges: Ranges = [];
  for (const port of [...ports].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] >= port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges;
}

/** `22, 80-90`; a long list is cut, with the number of what is left out. */
export function showRanges(ranges: Ranges, most = 12): string {
  const shown = ranges.slice(0, most).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const more = ranges.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more ranges` : "");
}
