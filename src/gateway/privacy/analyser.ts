// Asks an analyser that speaks Presidio's HTTP API for names in free text. What it cannot be asked about does not leave.
import { z } from "zod";
import { Refusal } from "../refusal.ts";
import { KIND_NUMBER, type Findings, type Kind } from "./kinds.ts";
import type { AnalyserConfig } from "./policy.ts";

const Answer = z.array(z.object({ entity_type: z.string(), start: z.int(), end: z.int(), score: z.number() }));

const KINDS_OF: Readonly<Record<string, Kind>> = {
  PERSON: "person",
  LOCATION: "place",
  GPE: "place",
  ORGANIZATION: "organisation",
  EMAIL_ADDRESS: "email",
  PHONE_NUMBER: "phone",
};

/** Texts without two letters in a row hold no name. */
const WORDS = /\p{L}{2}/u;

/** Texts that are asked about at the same time. */
const AT_ONCE = 4;

/** Throws Refusal (529) when the analyser does not answer, or not in its form. */
export async function analyse(
  config: AnalyserConfig,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Findings[]> {
  const findings = texts.map((): Findings => []);
  const queue = texts.entries();
  const work = async (): Promise<void> => {
    for (const [index, text] of queue) if (WORDS.test(text)) findings[index] = await ask(config, text, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings;
}

async function ask(config: AnalyserConfig, text: string, signal: AbortSignal): Promise<Findings> {
  const { url, entities, language, minScore, timeoutMs } = config;
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}/analyze`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text, language, entities, score_threshold: minScore }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      redirect: "error",
    });
    if (!response.ok) throw new TypeError(`the analyser answered ${response.status}`);
    return toFindings(Answer.parse(await response.json()), text, minScore);
  } catch {
    signal.throwIfAborted();
    throw new Refusal(
      "overloaded_error",
      "the analyser for names does not answer, and without it this text does not leave",
      {
        "retry-after": "5",
      },
    );
  }
}

/** Presidio counts characters as Python does: one outside the basic plane is one there and two here. */
function toFindings(found: z.infer<typeof Answer>, text: string, minScore: number): Findings {
  const places = placesOf(text);
  const good = found.filter(
    ({ score, start, end }) => score >= minScore && start >= 0 && end > start && end < places.length,
  );
  return good
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .flatMap(({ entity_type, start, end }) => [
      places[start] ?? 0,
      places[end] ?? 0,
      KIND_NUMBER[KINDS_OF[entity_type] ?? "person"] ?? 0,
    ]);
}

/** Where each of Python's characters begins, and where the last one ends. */
function placesOf(text: string): readonly number[] {
  const places: number[] = [];
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) places.push(at);
  places.push(text.length);
  return places;
}

type Found = readonly [start: number, end: number, kind: number];

/** Both together: what the recognisers know goes first, an analyser's findings fill what is free of the text's words. */
export function merged(text: string, sure: Findings, guessed: Findings): Findings {
  const known = triples(sure);
  const all = [...known];
  let next = 0;
  let from = 0;
  for (const [start, end, kind] of triples(guessed)) {
    from = Math.max(from, start);
    while ((known[next]?.[1] ?? Infinity) <= from) next += 1;
    for (let at = next; from < end; at += 1) {
      const [first, last] = known[at] ?? [Infinity, Infinity];
      const upTo = Math.min(end, first);
      if (from < upTo && WORDS.test(text.slice(from, upTo))) all.push([from, upTo, kind]);
      from = Math.max(from, Math.min(end, last));
    }
  }
  return all.sort((a, b) => a[0] - b[0]).flat();
}

function triples(findings: Findings): Found[] {
  return Array.from({ length: findings.length / 3 }, (_, n) => [
    findings[n * 3] ?? 0,
    findings[n * 3 + 1] ?? 0,
    findings[n * 3 + 2] ?? 0,
  ]);
}
