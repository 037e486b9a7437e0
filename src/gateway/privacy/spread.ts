// What was recognised once by the words beside it is recognised everywhere in the request: a value that came back in an answer
// stands in the next turn's history without those words.
import type { Known } from "./findings-cache.ts";
import { KIND_NUMBER, KINDS, type Findings } from "./kinds.ts";
import { PLACEHOLDER_LENGTH } from "./placeholder.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import type { Leaf } from "./scan-thread.ts";
import { SHORTEST, ValueSearch, type Triple, type Value } from "./value-search.ts";

/** Forged pseudonyms are known by their form, and towns and firms stand in every other text. */
const ALONE = new Set([KIND_NUMBER["literal"], KIND_NUMBER["place"], KIND_NUMBER["organisation"]]);
const PERSON = KIND_NUMBER["person"];

/** The same texts with more found in them. What was looked for before in a text that is remembered is not looked for again. */
export function spread(leaves: readonly Leaf[], known: readonly Known[], pseudonyms: Pseudonyms): readonly Known[] {
  const values = new Values(leaves, known, pseudonyms);
  if (values.key === "") return known;
  return known.map((one, n) => {
    const text = leaves[n]?.text ?? "";
    if (text.length < SHORTEST) return one;
    if (one.spread?.key !== values.key) one.spread = { key: values.key, known: lookedThrough(text, one, values) };
    return one.spread.known;
  });
}

function lookedThrough(text: string, one: Known, values: Values): Known {
  // A conversation grows at its end: what it held before was looked for before.
  const { key, known } = one.spread !== undefined && values.key.startsWith(one.spread.key) ? one.spread : noSpread(one);
  const more = values.since(key).in(text);
  return more.length === 0 ? known : withMore(known, more);
}

function noSpread(known: Known): { readonly key: string; readonly known: Known } {
  return { key: "", known };
}

/** What all texts of a request tell of each other. */
class Values {
  /** The pseudonyms of all values, in their order. */
  readonly key: string;
  readonly #leaves: readonly Leaf[];
  readonly #known: readonly Known[];
  readonly #searches = new Map<string, ValueSearch>();

  constructor(leaves: readonly Leaf[], known: readonly Known[], pseudonyms: Pseudonyms) {
    this.#leaves = leaves;
    this.#known = known;
    const names = new Set<string>();
    for (const [n, one] of known.entries()) {
      if (one.findings.length === 0) continue;
      one.told ??= told(leaves[n]?.text ?? "", one.findings, pseudonyms);
      for (const name of one.told) names.add(name);
    }
    this.key = [...names].join("");
  }

  /** Looks for all values but those of an earlier key, with which this one begins. */
  since(key: string): ValueSearch {
    const search = this.#searches.get(key) ?? new ValueSearch(this.#all().slice(key.length / PLACEHOLDER_LENGTH));
    this.#searches.set(key, search);
    return search;
  }

  #all(): Value[] {
    const values = new Map<string, Value>();
    for (const [n, { findings, told: names = [] }] of this.#known.entries()) {
      if (names.length === 0) continue;
      const text = this.#leaves[n]?.text ?? "";
      for (const [at, [start, end, kind]] of tellable(text, findings).entries()) {
        const name = names[at] ?? "";
        if (!values.has(name)) values.set(name, { text: text.slice(start, end), kind });
      }
    }
    return [...values.values()];
  }
}

/** The pseudonyms of a text's values. They are remembered, the values are not. */
function told(text: string, findings: Findings, pseudonyms: Pseudonyms): readonly string[] {
  return tellable(text, findings).map(([start, end, kind]) =>
    pseudonyms.minted(KINDS[kind] ?? "secret", text.slice(start, end)),
  );
}

/** Of names those with a space in them: May is a month as well. */
function tellable(text: string, findings: Findings): Triple[] {
  return triples(findings).filter(([start, end, kind]) => {
    if (end - start < SHORTEST || ALONE.has(kind)) return false;
    return kind !== PERSON || text.slice(start, end).trim().includes(" ");
  });
}

function triples(findings: Findings): Triple[] {
  return Array.from({ length: findings.length / 3 }, (_, n) => [
    findings[n * 3] ?? 0,
    findings[n * 3 + 1] ?? 0,
    findings[n * 3 + 2] ?? 0,
  ]);
}

/** What was found first stays; of the others the longest. Nothing new, and it is the same object. */
function withMore(known: Known, more: readonly Triple[]): Known {
  const kept = triples(known.findings);
  const all: Triple[] = [];
  let next = 0;
  for (const one of more.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    while (next < kept.length && (kept[next]?.[1] ?? 0) <= one[0]) next += 1;
    const isFree = (kept[next]?.[0] ?? Infinity) >= one[1] && (all.at(-1)?.[1] ?? 0) <= one[0];
    if (isFree) all.push(one);
  }
  return all.length === 0 ? known : { findings: [...kept, ...all].sort((a, b) => a[0] - b[0]).flat() };
}
