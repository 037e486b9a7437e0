// The newest release stands first, and nothing of the older ones is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { released } from "./release.ts";

const empty = "# Changelog\n\nVisible changes. There was no release yet.\n";

test("the first release, then the second above it", () => {
  const first = released(empty, ["Demesne now plans.\n"], "0.1.0", "2026-11-30");
  assert.equal(first, "# Changelog\n\nVisible changes.\n\n## 0.1.0 - 2026-11-30\n\n- Demesne now plans.\n");
  const second = released(
    first,
    ["Demesne now applies,\nand looks again.\n", "Demesne now signs.\n"],
    "0.2.0",
    "2026-12-24",
  );
  assert.equal(
    second,
    `# Changelog

Visible changes.

## 0.2.0 - 2026-12-24

- Demesne now applies,
  and looks again.
- Demesne now signs.

## 0.1.0 - 2026-11-30

- Demesne now plans.
`,
  );
});

test("a version that is there already, none at all, and a release of nothing are refused", () => {
  const once = released(empty, ["Demesne now plans."], "0.1.0", "2026-11-30");
  assert.throws(() => released(once, ["Demesne now applies."], "0.1.0", "2026-12-01"), /already/);
  assert.throws(() => released(once, ["Demesne now applies."], "", "2026-12-01"), /version/);
  assert.throws(() => released(once, [], "0.2.0", "2026-12-01"), /empty/);
});
