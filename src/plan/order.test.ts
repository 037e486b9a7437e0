import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { kinds, type Ref } from "../resources/index.ts";
import { batches, removalOrder } from "./order.ts";

type Item = { readonly ref: Ref; readonly kind: string; readonly needs: readonly Ref[] };

/** Items of any kinds, each needing some of those before it and something that is not among them. */
const items: fc.Arbitrary<readonly Item[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...kinds.map((each) => each.kind)),
      needs: fc.array(fc.nat(30), { maxLength: 3 }),
    }),
    { maxLength: 30 },
  )
  .map((drawn) => {
    const refs = drawn.map(({ kind }, index): Ref => `${kind}:${index}`);
    return drawn.map(({ kind, needs }, index) => ({
      ref: refs[index] ?? assert.fail(),
      kind,
      needs: ["package:not-among-them", ...needs.flatMap((at) => (at < index ? [refs[at] ?? assert.fail()] : []))],
    }));
  });

test("everything comes once, after all that it needs, in batches of one kind", () => {
  fc.assert(
    fc.property(items, (all) => {
      const ordered = batches(all);
      assert.deepEqual(
        ordered
          .flat()
          .map((each) => each.ref)
          .sort(),
        all.map((each) => each.ref).sort(),
      );
      const among = new Set(all.map((each) => each.ref));
      const done = new Set<Ref>();
      for (const batch of ordered) {
        assert.equal(new Set(batch.map((each) => each.kind)).size, 1);
        for (const { ref, needs } of batch)
          for (const need of needs) assert.ok(done.has(need) || !among.has(need), `${ref} before ${need}`);
        for (const { ref } of batch) done.add(ref);
      }
    }),
  );
});

test("the order in which items are given does not matter", () => {
  fc.assert(fc.property(items, (all) => assert.deepEqual(batches(all.toReversed()), batches(all))));
});

test("what does not need each other is one batch of each kind, in the kinds' order", () => {
  const all = kinds
    .toReversed()
    .flatMap(({ kind }) => [1, 2].map((at): Item => ({ ref: `${kind}:${at}`, kind, needs: [] })));
  assert.deepEqual(
    batches(all).map((batch) => batch.map((each) => each.ref)),
    kinds.map(({ kind }) => [`${kind}:1`, `${kind}:2`]),
  );
});

test("a circle is a bug, and is named", () => {
  const circle: Item[] = [
    { ref: "file:/a", kind: "file", needs: ["unit:b.service"] },
    { ref: "unit:b.service", kind: "unit", needs: ["file:/a"] },
    { ref: "file:/c", kind: "file", needs: [] },
  ];
  assert.throws(() => batches(circle), {
    name: "TypeError",
    message: "resources need each other in a circle: file:/a, unit:b.service",
  });
});

test("removals go from the last kind to the first, and from the deepest path up", () => {
  const refs: Ref[] = [
    "package:a",
    "directory:/a",
    "directory:/a/b",
    "file:/a/b/c",
    "stack:web",
    "network:team",
    "user:x",
    "group:x",
    "unit:x.service",
  ];
  const all = refs.map((ref): Item => ({ ref, kind: ref.slice(0, ref.indexOf(":")), needs: [] }));
  assert.deepEqual(
    all.toSorted(removalOrder).map((each) => each.ref),
    [
      "stack:web",
      "network:team",
      "unit:x.service",
      "file:/a/b/c",
      "directory:/a/b",
      "directory:/a",
      "user:x",
      "group:x",
      "package:a",
    ],
  );
});
