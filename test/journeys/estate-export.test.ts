// No lock-in: the exported project, run by plain Ansible, brings a fresh host to where Demesne finds nothing to do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openTwin, type OpenTwin, type Rehearsed } from "./applied-twin.ts";
import { copyEstate, harbour, renameOperator, type EstateCopy } from "./estate-copy.ts";
import { exportTo, runProject } from "./exported-project.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";

describe("an exported project", { skip, timeout: 1_800_000 }, () => {
  let open: OpenTwin;
  let copy: EstateCopy;
  let rehearsed: Rehearsed;
  before(async () => {
    copy = copyEstate(harbour);
    renameOperator(copy);
    open = await openTwin(copy.folder);
    rehearsed = await open.load(copy.folder);
  });
  after(async () => {
    copy?.remove();
    await open?.close();
  });

  test("brings a fresh host to the state that the next plan finds nothing to do in", async () => {
    const folder = join(copy.folder, "exported");
    exportTo(folder, open, rehearsed);
    const { failed, output } = await runProject(folder, open, []);
    assert.equal(failed, false, output);
    const plan = await open.plan(rehearsed);
    assert.deepEqual(
      plan.changes.map(({ ref, differences }) => ({ ref, differences })),
      [],
    );
    assert.deepEqual(plan.refusals, []);
    assert.deepEqual(plan.waiting, []);
    assert.deepEqual(plan.owned.before, [], "what Ansible put there is not Demesne's to remove");
  });
});
