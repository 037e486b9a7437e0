// The corpus of people's names, as far as the gateway promises anything about names: those of a dictionary. How many of the
// others an analyser finds is measured by `npm run bench names`.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- the corpus is a case, made the same every time
import { names, people } from "../../../test/cases/privacy/names.ts";
import { NameList } from "./names.ts";
import { Scanner } from "./scan.ts";

const lines = names();
const full = people().map(({ first, last }) => `${first} ${last}`);
const reader = new Scanner(new NameList([{ kind: "client", names: full }]));

describe("the corpus of names", () => {
  it("is as large as it says, with names of many forms and lines that name nobody", () => {
    const forms = Map.groupBy(
      lines.flatMap(({ spans }) => spans),
      ({ form }) => form,
    );
    assert.ok(lines.filter(({ spans }) => spans.length > 0).length >= 1100);
    assert.ok(lines.filter(({ spans }) => spans.length === 0).length >= 120);
    assert.equal(forms.size, 8);
    for (const { text, spans } of lines) {
      assert.doesNotMatch(text, /\{(?:full|first|last|title|formal|initial)/i);
      for (const { start, end } of spans) assert.ok(start < end && end <= text.length, text);
    }
  });

  it("has every full name found that a dictionary holds, in whatever case", () => {
    const missed = lines.flatMap(({ text, spans }) => {
      const found = reader.scan(text);
      return spans
        .filter(({ form }) => form === "full" || form === "FULL")
        .filter(({ start, end }) => !found.some((at, n) => n % 3 === 0 && at <= start && (found[n + 1] ?? 0) >= end))
        .map(({ start, end }) => text.slice(start, end));
    });
    assert.deepEqual(missed, []);
  });

  it("has nothing masked in lines that name nobody, nor without a dictionary", () => {
    const without = new Scanner();
    for (const { text, spans } of lines) {
      if (spans.length === 0) assert.deepEqual(reader.scan(text), [], text);
      assert.deepEqual(without.scan(text), [], text);
    }
  });
});
