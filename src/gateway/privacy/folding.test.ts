// What the recognisers read must be the text, to the last character, however it is stored and whatever was read before.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { Anchors, CAPITAL, QUAINT } from "./anchors.ts";
import { FOLD } from "./characters.ts";
import { Folding } from "./folding.ts";

/** Also longer than a block, with something that is not ASCII in some blocks only. */
const texts = fc
  .array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("é", "９", "\u00a0", "漢字", "Qid AKIA 9-_@", "\0")))
  .chain((parts) => fc.constantFrom(1, 1, 40, 400).map((times) => parts.join("").repeat(times)));

const naive = (text: string): number[] =>
  Array.from({ length: text.length }, (_, at) => FOLD[text.charCodeAt(at)] ?? 0);

describe("folding", () => {
  it("gives each character its code and zeros behind the last, text after text", () => {
    const folding = new Folding();
    fc.assert(
      fc.property(texts, (text) => {
        const codes = folding.fold(text);
        assert.deepEqual(
          [...codes.subarray(0, text.length + 64)],
          [...naive(text), ...Array.from({ length: 64 }, () => 0)],
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("anchors", () => {
  for (const withNames of [false, true]) {
    it(`are all stopped at, ${withNames ? "with" : "without"} names`, () => {
      const folding = new Folding();
      const anchors = new Anchors(withNames);
      fc.assert(
        fc.property(texts, (text) => {
          const codes = folding.fold(text);
          const stops: number[] = [];
          for (let at = anchors.next(codes, folding.pairs, 0); at < text.length;) {
            stops.push(at);
            at = anchors.next(codes, folding.pairs, at + 1);
          }
          const must = naive(text).flatMap((code, at) =>
            mustStop(anchors, code, codes[at + 1] ?? 0, withNames) ? [at] : [],
          );
          assert.deepEqual(
            must.filter((at) => !stops.includes(at)),
            [],
          );
        }),
        { numRuns: 200 },
      );
    });
  }
});

/** Every anchor, but for a Q or an A before what neither goes before. */
function mustStop(anchors: Anchors, code: number, next: number, withNames: boolean): boolean {
  const kind = anchors.single[code] ?? 0;
  if (withNames || (kind !== QUAINT && kind !== CAPITAL)) return kind !== 0;
  return kind === QUAINT ? /[iI]/.test(String.fromCharCode(next)) : /[KSIG]/.test(String.fromCharCode(next));
}
