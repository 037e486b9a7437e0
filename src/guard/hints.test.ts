// Hints save the compiling of expressions. A hint that is missing would let a path or a secret through: whatever an
// expression matches must have one of its hints.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { GUARDRAILS, SECRETS } from "./places.ts";
import { SHAPES } from "./redact.ts";

/** Drawing cannot look ahead, back or at words' ends: what is drawn without those is filtered by the expression. */
function wider(pattern: RegExp): RegExp {
  const source = pattern.source
    .replaceAll(/\(\?!(?:[^()]|\([^()]*\))*\)/g, "")
    .replaceAll(/\\b|\(\?=(?:[^()]|\([^()]*\))*\)/g, "")
    .replaceAll("[^]", String.raw`[\s\S]`)
    .replaceAll(String.raw`\2`, "")
    .replaceAll(/\$(?=\))/g, "");
  return new RegExp(source);
}

const turned = (text: string): fc.Arbitrary<string> => fc.constantFrom(text, text.toUpperCase(), text.toLowerCase());

for (const { pattern, hints } of [...SECRETS, ...GUARDRAILS]) {
  test(`a path that matches ${pattern.source.slice(0, 60)} has a hint`, () => {
    const paths = fc.stringMatching(wider(pattern));
    const hasHint = (path: string): boolean => !pattern.test(path) || hints.some((hint) => path.includes(hint));
    fc.assert(fc.property(paths, hasHint));
    assert.ok(
      fc.sample(paths, 200).some((path) => pattern.test(path)),
      "none of the paths drawn matches",
    );
  });
}

for (const { pattern, hints } of SHAPES) {
  test(`a text that matches ${pattern.source.slice(0, 60)} has a hint`, () => {
    const texts = fc.stringMatching(wider(pattern)).chain(turned);
    const matches = (text: string): boolean => text.search(pattern) >= 0;
    const hasHint = (text: string): boolean =>
      !matches(text) || hints.some((hint) => text.toLowerCase().includes(hint));
    fc.assert(fc.property(texts, hasHint));
    assert.ok(fc.sample(texts, 200).some(matches), "none of the texts drawn matches");
  });
}
