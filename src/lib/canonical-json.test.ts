import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { digest, digestJson } from "./digest.ts";
import { Sensitive } from "./sensitive.ts";

const cases = join(import.meta.dirname, "../../test/cases/canonical-json");
const Numbers = z.strictObject({ about: z.string(), numbers: z.array(z.tuple([z.string(), z.string().nullable()])) });

function double(bits: string): number {
  return Buffer.from(bits, "hex").readDoubleBE();
}

describe("canonical JSON is RFC 8785's", () => {
  test("numbers of its appendix B", async () => {
    const { numbers } = Numbers.parse(JSON.parse(await readFile(join(cases, "rfc-8785-numbers.json"), "utf8")));
    for (const [bits, text] of numbers) {
      if (text === null) assert.throws(() => canonicalJson(double(bits)), /not JSON/, bits);
      else assert.equal(canonicalJson(double(bits)), text, bits);
    }
  });

  test("the sample of its section 3.2.2", () => {
    const sample = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    assert.equal(
      canonicalJson(sample),
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test("the order of its section 3.2.3, by UTF-16 code units", () => {
    const sample = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const names = Object.values(
      z.record(z.string(), z.string()).parse(JSON.parse(canonicalJson(sample).replace('"1"', '"\\u0031 "'))),
    );
    assert.deepEqual(names, [
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });
});

describe("what is not JSON is refused, not bent", () => {
  const refused: [string, unknown][] = [
    ["a function", () => {}],
    ["a symbol", Symbol("a")],
    ["a big integer", 1n],
    ["nothing at all", undefined],
    ["a date", new Date(0)],
    ["a map", new Map([["a", 1]])],
    ["bytes", new Uint8Array(1)],
    ["a secret", new Sensitive("canary")],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate as a key", { "\udc00": 1 }],
    ["a number that is none, deep inside", { a: [{ b: Number.NaN }] }],
  ];
  for (const [name, value] of refused) test(name, () => assert.throws(() => canonicalJson(value), TypeError));
});

test("members that are undefined are left out; holes and undefined items are null", () => {
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  assert.equal(canonicalJson({ b: undefined, a: [undefined], c: sparse }), '{"a":[null],"c":[1,null,3]}');
});

test("a key may be called __proto__", () => {
  assert.equal(canonicalJson(JSON.parse('{"__proto__":{"b":1,"a":2}}')), '{"__proto__":{"a":2,"b":1}}');
});

/** Values as JSON has them: no minus zero, whole surrogate pairs. */
const json = fc.jsonValue({ stringUnit: "grapheme" });

test("reading the text gives the value back, and its text again", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(JSON.parse(text)), text);
    }),
  );
});

test("the order in which members were written does not matter", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed());
      assert.equal(canonicalJson(turned), canonicalJson(value));
      assert.equal(digestJson(turned), digestJson(value));
    }),
  );
});

test("a digest says its algorithm and is of the UTF-8 bytes", () => {
  assert.equal(digest("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(digest(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(digest("é"), digest(new Uint8Array([0xc3, 0xa9])));
});
