// "Did you mean ...?": the known word that is the fewest typing errors away.

/** The nearest of `known`, unless every one is further off than a slip of the hand. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, slips: slips(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.slips <= allowed)
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.candidate;
}

/** Edit distance with neighbouring letters swapped counted once (optimal string alignment). */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const now = [row];
    for (let column = 1; column <= b.length; column++) now.push(cell(a, b, row, column, [before, last, now]));
    before = last;
    last = now;
  }
  return last[b.length] ?? 0;
}

function cell(
  a: string,
  b: string,
  row: number,
  column: number,
  rows: readonly [number[], number[], number[]],
): number {
  const [before, last, now] = rows;
  const same = a[row - 1] === b[column - 1] ? 0 : 1;
  const best = Math.min((last[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
  const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
  return swapped ? Math.min(best, (before[column - 2] ?? best) + 1) : best;
}
