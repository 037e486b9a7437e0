// Names of people in free text: how many are found, and how much is masked for nothing, by what the gateway is given.
// Only reported: no recogniser of names is complete, and the policy does not depend on one.
import { analyse, merged } from "../src/gateway/privacy/analyser.ts";
import { PrivacyPolicy } from "../src/gateway/privacy/index.ts";
import type { Findings } from "../src/gateway/privacy/kinds.ts";
import { NameList } from "../src/gateway/privacy/names.ts";
import { Scanner } from "../src/gateway/privacy/scan.ts";
import type { Row } from "../scripts/bench-row.ts";
import { names, people, type NameLine } from "../test/cases/privacy/names.ts";
import { standIn } from "./names/stand-in.ts";

export const name = "names";

const lines = names();

/** Every other one of the people is in the dictionary. */
const known = people().filter((_, n) => n % 2 === 0);
const FULL = known.map(({ first, last }) => `${first} ${last}`);
const PARTS = [...FULL, ...known.map(({ last }) => last)];

export async function bench(): Promise<Row[]> {
  const dictionary = scanned(FULL);
  const nothing = scanned([]);
  return [
    ...rows("nothing", nothing),
    ...rows("a dictionary of half the people's full names", dictionary),
    ...rows("a dictionary of half the people's full names and surnames", scanned(PARTS)),
    ...(await analysed("compromise 14.17.0 (a stand-in, not Presidio)", dictionary)),
    ...(await asked("the analyser of DEMESNE_ANALYSER", process.env["DEMESNE_ANALYSER"], dictionary)),
  ];
}

function scanned(list: readonly string[]): readonly Findings[] {
  const scanner = new Scanner(list.length === 0 ? undefined : new NameList([{ kind: "client", names: list }]));
  return lines.map(({ text }) => scanner.scan(text));
}

async function analysed(what: string, dictionary: readonly Findings[]): Promise<Row[]> {
  const server = await standIn();
  if (server === undefined) {
    console.error("names: skipped, compromise cannot be installed here");
    return [];
  }
  try {
    return await asked(what, server.url, dictionary);
  } finally {
    server.close();
  }
}

/** By itself, and beside the dictionary of full names. */
async function asked(what: string, url: string | undefined, dictionary: readonly Findings[]): Promise<Row[]> {
  const { analyser } = PrivacyPolicy.parse({ analyser: url === undefined ? undefined : { url, entities: ["PERSON"] } });
  if (analyser === undefined) return [];
  const texts = lines.map(({ text }) => text);
  const found = await analyse(analyser, texts, AbortSignal.timeout(600_000));
  const both = texts.map((text, n) => merged(text, dictionary[n] ?? [], found[n] ?? []));
  return [...rows(what, found), ...rows(`${what}, and the dictionary of full names`, both)];
}

function rows(what: string, found: readonly Findings[]): Row[] {
  const all = lines.flatMap(({ spans }, n) =>
    spans.map((span) => ({ ...span, isFound: covers(found[n] ?? [], span) })),
  );
  const whole = all.filter(({ form }) => form === "full" || form === "FULL" || form === "formal");
  const masks = lines.flatMap(({ spans, text }, n) => pairs(found[n] ?? []).map((mask) => ({ mask, spans, text })));
  const right = masks.filter(({ mask: [start, end], spans }) =>
    spans.some((span) => span.start < end && start < span.end),
  );
  return [
    row(`recall, ${what}`, foundOf(all), all.length),
    row(`recall of first name and surname together, ${what}`, foundOf(whole), whole.length),
    ...(masks.length === 0 ? [] : [row(`precision, ${what}`, right.length, masks.length)]),
  ];
}

function foundOf(spans: readonly { readonly isFound: boolean }[]): number {
  return spans.filter(({ isFound }) => isFound).length;
}

function row(label: string, ours: number, theirs: number): Row {
  return { bench: name, name: label, value: (100 * ours) / theirs, unit: "%", budget: null, ok: null, ours, theirs };
}

function pairs(findings: Findings): readonly (readonly [number, number])[] {
  return Array.from({ length: findings.length / 3 }, (_, n) => [findings[n * 3] ?? 0, findings[n * 3 + 1] ?? 0]);
}

/** Whether every letter of the name is masked, by one finding or by several. */
function covers(findings: Findings, { start, end }: NameLine["spans"][number]): boolean {
  let upTo = start;
  for (const [from, to] of pairs(findings)) if (from <= upTo + 1) upTo = Math.max(upTo, to);
  return upTo >= end;
}
