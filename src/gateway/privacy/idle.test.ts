// What is stepped over as idle must be nothing to any recogniser: each is asked here at every number, idle or not.
import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
// oxlint-disable-next-line no-restricted-imports -- the corpus is a case, made the same every time
import { corpus } from "../../../test/cases/privacy/generate.ts";
import { codeAt, isDigit, isLatin } from "./characters.ts";
import { ABOUT } from "./context.ts";
import { findKey } from "./credentials.ts";
import { findBirthDate } from "./dates.ts";
import { DigitRun } from "./digit-run.ts";
import { Groups } from "./groups.ts";
import { isIdle, keyStart, labelStart, mayBeMixed } from "./idle.ts";
import { findIpv4, findIpv6 } from "./internet.ts";
import type { Findings } from "./kinds.ts";
import { findMixed } from "./mixed.ts";
import { findNumber } from "./numbers.ts";
import { Page } from "./page.ts";
import { findPassword } from "./passwords.ts";
import { findPhone } from "./phones.ts";
import { findAddress, findPostcode } from "./places.ts";
import { Scanner } from "./scan.ts";
import { Letters } from "./shapes.ts";

const PIECES = [
  ..." |-|.|/|,|:|;|(|)|+|_|#|'|=|\n|  |\\n|%20|&nbsp;|\u00a0|\u00ad|::".split("|"),
  ..."0 1 2 3 4 5 6 7 8 9 12 07 020 1980 4929 81 2a00".split(" "),
  ..."A B Z b x th May March GB QQ ABZ High Street xoxb- eyJ".split(" "),
  ..."AB 123456 C|12, High Street|NHS9434765919|2606:4700::1111|8.8.8.8|(0161) 496 0123|eyJ-9.eyJhbGci.abc".split("|"),
];

/** Every word but one that speaks of versions stands beside every number. */
const ALL_WORDS = ~ABOUT.version;

const lines = corpus().map(({ text }) => text);
const edits = fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...PIECES)), { maxLength: 4 });
const mutated = fc.tuple(fc.constantFrom(...lines), edits).map(([line, all]) =>
  all.reduce((text, [place, length, piece]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + piece + text.slice(at + length);
  }, line),
);
const invented = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((pieces) => pieces.join(""));
const texts = fc.oneof(mutated, invented);

/** What one recogniser says in a text of which nothing was read yet. */
type Ask = (page: Page, run: DigitRun, letters: Letters) => number;

const NUMBERS: Readonly<Record<string, Ask>> = {
  label: (page, { start }, letters) => {
    const from = labelStart(page.codes, start);
    return from === start ? 0 : findMixed(page, from, letters);
  },
  phone: (page, { start }) => findPhone(page, start),
  ipv4: findIpv4,
  // Without a word beside them, 280::1 and `12, High Street` are left alone.
  ipv6: (page, { start, length }) => (length === 4 || isWorded(page, start) ? findIpv6(page, start) : 0),
  date: findBirthDate,
  number: numberAt,
  address: (page, { start, after }, letters) =>
    after !== 0x2c || isWorded(page, start) ? findAddress(page, start, letters) : 0,
  key: (page, { start }) => findKey(page, keyStart(page.codes, start, 64)),
  password: (page, { start }) => findPassword(page, start),
};
const WORDS_WITH_DIGITS: Readonly<Record<string, Ask>> = {
  mixed: (page, { start }, letters) => findMixed(page, wordStart(page, start), letters),
  postcode: (page, { start }, letters) => findPostcode(page, wordStart(page, start), letters),
  // Behind a label without a space.
  number: (page, run) => (run.length < 8 || run.start - wordStart(page, run.start) > 9 ? 0 : numberAt(page, run)),
};

function isWorded({ context }: Page, at: number): boolean {
  return context.isNear(ALL_WORDS, at);
}

function numberAt(page: Page, { start }: DigitRun): number {
  const groups = new Groups();
  groups.read(page.codes, start);
  return findNumber(page, groups);
}

function wordStart({ codes }: Page, at: number): number {
  let from = at;
  while (isLatin(codeAt(codes, from - 1))) from -= 1;
  return from;
}

/** The recognisers that the scan does not ask about these digits. */
function unasked(page: Page, run: DigitRun): Readonly<Record<string, Ask>> {
  if (isLatin(run.before)) return mayBeMixed(wordStart(page, run.start), run) ? {} : WORDS_WITH_DIGITS;
  if (isLatin(run.after)) return {};
  const idle = isIdle(run);
  return idle === "always" || (idle === "without a word" && !isWorded(page, run.start)) ? NUMBERS : {};
}

function opened(text: string, at: number, hint: number): readonly [Page, DigitRun] {
  const [page, run] = [new Page(), new DigitRun()];
  page.open(text, hint);
  run.read(page.codes, at);
  return [page, run];
}

const scanner = new Scanner();

/** Who would have found something in what is stepped over, and the scan finds it from nowhere else. */
function missed(text: string, hint: number): readonly string[] {
  const { codes } = opened(text, 0, hint)[0];
  const found = scanner.scan(text, hint);
  const starts = Array.from({ length: text.length }, (_, at) => at).filter(
    (at) => isDigit(codeAt(codes, at)) && !isDigit(codeAt(codes, at - 1)),
  );
  return starts.flatMap((at) =>
    Object.entries(unasked(...opened(text, at, hint))).flatMap(([name, ask]) => {
      const [page, run] = opened(text, at, hint);
      return ask(page, run, new Letters()) === 0 || isCovered(page.found, found) ? [] : [`${name} at ${at}`];
    }),
  );
}

function isCovered([start = 0, end = 0]: Findings, found: Findings): boolean {
  return found.some((from, n) => n % 3 === 0 && from <= start && (found[n + 1] ?? 0) >= end);
}

it("what is idle is nothing to any recogniser", () => {
  fc.assert(
    fc.property(texts, (text) => assert.deepEqual([...missed(text, ALL_WORDS), ...missed(text, 0)], [])),
    { numRuns: 5000 },
  );
});
