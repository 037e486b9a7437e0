// The command line of the gateway's own process.
import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { run } from "../lib/run.ts";

const started = async (...args: readonly string[]) =>
  await run([process.execPath, join(import.meta.dirname, "main.js"), ...args], { timeoutMs: 60_000 });

it("tells how it is started when it is asked", async () => {
  const { status, stdout, stderr } = await started("--help");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^Usage: node src\/gateway\/main\.js --config FILE$/m);
});

for (const [args, what] of [
  [[], "--config is missing"],
  [["--config"], "Option '--config <value>' argument missing"],
  [["--port", "80"], "Unknown option '--port'"],
  [["gateway.yaml"], "Unexpected argument 'gateway.yaml'"],
] as const) {
  it(`says what is wrong with its command line: ${args.join(" ") || "nothing"}`, async () => {
    const { status, stderr } = await started(...args);
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`node src/gateway/main.js: ${what}`), stderr);
    assert.match(stderr, /\nfix: node src\/gateway\/main\.js --config FILE\n$/);
  });
}
