// Finds the next of many fixed texts. Three characters decide at each position whether to look closer: one table look-up,
// faster than a regular expression of 150 alternatives.

export type Starts = {
  /** Position and text of the next one from `from` on; undefined when there is none. The longest wins. */
  next(text: string, from: number): { readonly at: number; readonly start: string } | undefined;
};

const BITS = 18;
const MASK = (1 << BITS) - 1;

/** All starts have two characters or more, of Latin-1. */
export function startFinder(starts: readonly string[]): Starts {
  // Entry 0 stands for "none of them".
  const lists: string[][] = [[]];
  const table = new Uint16Array(1 << BITS);
  for (const start of [...starts].sort((a, b) => b.length - a.length)) {
    for (const third of thirds(start)) {
      const slot = slotOf(start.charCodeAt(0), start.charCodeAt(1), third);
      if (table[slot] === 0) table[slot] = lists.push([]) - 1;
      lists[table[slot] ?? 0]?.push(start);
    }
  }
  return { next: (text, from) => next(text, from, table, lists) };
}

function next(text: string, from: number, table: Uint16Array, lists: readonly string[][]): ReturnType<Starts["next"]> {
  let first = text.charCodeAt(from);
  let second = text.charCodeAt(from + 1);
  for (let at = from + 2; at < text.length; at += 1) {
    const third = text.charCodeAt(at);
    const list = table[slotOf(first, second, third)];
    first = second;
    second = third;
    if (list === 0) continue;
    for (const start of lists[list ?? 0] ?? []) if (text.startsWith(start, at - 2)) return { at: at - 2, start };
  }
  return undefined;
}

/** A start of two characters may go on with any third. */
function thirds(start: string): number[] {
  return start.length > 2 ? [start.charCodeAt(2)] : Array.from({ length: 256 }, (_, code) => code);
}

function slotOf(first: number, second: number, third: number): number {
  return ((first << 11) ^ (second << 5) ^ third) & MASK;
}
