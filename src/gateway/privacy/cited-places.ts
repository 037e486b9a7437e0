// One place in two texts: the client's, and the same with pseudonyms in it.
import { isPlaceholderAt, PLACEHOLDER_LENGTH } from "./placeholder.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

export type Side = "ours" | "theirs";

export type TwoTexts = {
  readonly ours: string;
  readonly theirs: string;
  /** Each masked value and its pseudonym, in order; undefined when one text cannot have become the other. */
  readonly swaps: readonly Swap[] | undefined;
};

type Swap = Readonly<Record<Side, readonly [start: number, end: number]>>;

/** Offsets of characters, and what stands there. */
export type Place = { readonly start: number; readonly end: number; readonly text: string };

export function twoTexts(ours: string, theirs: string, pseudonyms: Pseudonyms): TwoTexts {
  const swaps: Swap[] = [];
  let shift = 0;
  for (const { index } of theirs.matchAll(/qid/gi)) {
    const name = isPlaceholderAt(theirs, index) ? theirs.slice(index, index + PLACEHOLDER_LENGTH) : "";
    const value = pseudonyms.valueOf(name);
    const start = index - shift;
    if (value === undefined || !ours.startsWith(value, start)) continue;
    swaps.push({ ours: [start, start + value.length], theirs: [index, index + PLACEHOLDER_LENGTH] });
    shift += PLACEHOLDER_LENGTH - value.length;
  }
  return { ours, theirs, swaps: theirs.length - ours.length === shift ? swaps : undefined };
}

/** The same place in the other text; undefined when what stands there is not what the place says. */
export function across(place: Place, from: Side, texts: TwoTexts): Place | undefined {
  const { [from]: source, swaps } = texts;
  if (swaps === undefined) return undefined;
  const counts = hasPairs(source) ? [POINTS, UNITS] : [UNITS];
  // Exactly first: with white space left out at the ends, another way to count may seem to fit.
  for (const read of [(text: string) => text, (text: string) => text.trim()]) {
    for (const count of counts) {
      const [start, end] = [count.indexIn(source, place.start), count.indexIn(source, place.end)];
      if (start >= end || read(source.slice(start, end)) !== read(place.text)) continue;
      return moved({ start, end, from, texts: { ...texts, swaps }, count, read });
    }
  }
  return undefined;
}

type Moving = {
  readonly start: number;
  readonly end: number;
  readonly from: Side;
  readonly texts: TwoTexts & { readonly swaps: readonly Swap[] };
  readonly count: typeof UNITS;
  readonly read: (text: string) => string;
};

function moved({ start, end, from, texts, count, read }: Moving): Place {
  const to = from === "ours" ? "theirs" : "ours";
  const { [to]: target, swaps } = texts;
  const first = crossed(start, { from, to, swaps, edge: 0 });
  const last = crossed(end, { from, to, swaps, edge: 1 });
  return {
    start: count.offsetIn(target, first),
    end: count.offsetIn(target, last),
    text: read(target.slice(first, last)),
  };
}

type Crossing = {
  readonly from: Side;
  readonly to: Side;
  readonly swaps: readonly Swap[];
  /** 0 for a beginning, 1 for an end: inside a masked value it is the value's own. */
  readonly edge: 0 | 1;
};

function crossed(index: number, { from, to, swaps, edge }: Crossing): number {
  const before = swaps.findLast((swap) => swap[from][0] < index);
  if (before === undefined) return index;
  return index < before[from][1] ? before[to][edge] : before[to][1] + index - before[from][1];
}

function hasPairs(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

/** Nobody says what a character is: what fits the cited text does. This is JavaScript's. */
const UNITS = {
  indexIn: (_: string, offset: number): number => offset,
  offsetIn: (_: string, index: number): number => index,
};

/** And Python's. */
const POINTS = {
  indexIn: (text: string, offset: number): number => {
    let index = 0;
    for (let n = 0; n < offset && index < text.length; n += 1) index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
    return index;
  },
  offsetIn: (text: string, end: number): number => {
    let count = 0;
    for (let index = 0; index < end; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) count += 1;
    return count;
  },
};
