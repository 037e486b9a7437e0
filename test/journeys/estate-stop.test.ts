// A rehearsal that is told to stop, at whatever moment: no twin, mount, link, namespace, multiplexer or process is left.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import { leftovers } from "../cases/lab/traces.ts";
import { copyEstate, harbour } from "./estate-copy.ts";
import { assertEnds, start } from "./watched.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const root = resolve(import.meta.dirname, "../..");

type Moment = { readonly step: string; readonly afterMs: number; readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP" };

const moments: readonly Moment[] = [
  { step: "prepare this machine", afterMs: 100, signal: "SIGINT" },
  { step: "boot a twin", afterMs: 300, signal: "SIGINT" },
  { step: "build the images", afterMs: 100, signal: "SIGTERM" },
  { step: "plan", afterMs: 200, signal: "SIGHUP" },
  { step: "apply", afterMs: 500, signal: "SIGINT" },
  { step: "apply", afterMs: 12_000, signal: "SIGINT" },
];

describe("a rehearsal that is told to stop", { skip, timeout: 1_200_000 }, () => {
  const estate = copyEstate(harbour);
  after(() => estate.remove());

  for (const { step, afterMs, signal } of moments) {
    test(`by ${signal}, ${afterMs} ms after it began to ${step}`, async () => {
      const running = await start(["rehearse", estate.folder], { cwd: root, env: environment() });
      await running.says(step);
      await sleep(afterMs);
      const slots = slotsOf(running.pid);
      running.kill(signal);
      assertEnds(await running.ended(), 130, /^demesne: stopped as asked\nfix: /m);
      for (const slot of slots) {
        const folder = join(cacheFolder(), "twins", `${slot}-${running.pid}`);
        assert.deepEqual(leftovers({ slot, folder, processes: [] }), []);
      }
      assert.deepEqual(slotsOf(running.pid), []);
    });
  }
});

function environment(): Record<string, string> {
  const { HOME = "/root" } = process.env;
  return { HOME, NO_COLOR: "1" };
}

/** Numbers of the twins that a process has. */
function slotsOf(pid: number): number[] {
  const folder = join(cacheFolder(), "twins");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (name.endsWith(`-${pid}`) ? [Number.parseInt(name, 10)] : []));
}
