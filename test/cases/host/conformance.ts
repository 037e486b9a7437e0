// What every host promises, however it is reached.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Host } from "../../../src/host/index.ts";

const limit = { timeoutMs: 20_000 };

export function hostConformance(
  name: string,
  open: () => Promise<Host>,
  close: () => Promise<void> = async () => {},
  skip: string | false = false,
): void {
  describe(`${name} keeps a host's promises:`, { skip }, () => {
    let host: Host;
    before(async () => {
      host = await open();
    });
    after(close);

    test("status and both outputs; a program's failure is a result", async () => {
      const result = await host.run(["sh", "-c", "echo out; echo err >&2; exit 3"], limit);
      assert.deepEqual(result, { status: 3, stdout: "out\n", stderr: "err\n", timedOut: false });
    });

    test("words arrive as they are", async () => {
      const words = ["$HOME", "a  b", "'", '"', ";", "|", "\n", "", "é", "*", "--", "`id`"];
      const { stdout } = await host.run(["printf", "%s\\0", ...words], limit);
      assert.deepEqual(stdout.split("\0").slice(0, -1), words);
    });

    test("input arrives whole", async () => {
      const input = `${"x".repeat(300_000)}\u00e9\n`;
      assert.equal((await host.run(["cat"], { ...limit, input })).stdout, input);
      assert.equal((await host.run(["cat"], limit)).stdout, "");
    });

    test("a program that is not there is a failure that says so", async () => {
      const { status, stderr } = await host.run(["demesne-no-such-program"], limit);
      // A shell says 127, sudo says 1.
      assert.notEqual(status, 0);
      assert.match(stderr, /not found/);
    });

    test("no answer within the deadline is a Problem", async () => {
      await assert.rejects(host.run(["sleep", "60"], { timeoutMs: 1000 }), { name: "Problem", code: "unreachable" });
    });

    test("an abort ends it with the signal's reason", async () => {
      const ending = new AbortController();
      const running = host.run(["sleep", "60"], { ...limit, signal: ending.signal });
      setTimeout(() => ending.abort(new Error("enough")), 300);
      await assert.rejects(running, /enough/);
      await assert.rejects(host.run(["cat"], { ...limit, signal: ending.signal }), /enough/);
    });
  });
}
