// demesne lint on the example, as a process: it stands in a commit hook, so it must not be felt.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Row } from "../scripts/bench-row.ts";

export const name = "lint";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const harbour = fileURLToPath(new URL("../examples/harbour", import.meta.url));
const RUNS = 11;
const BUDGET_MS = 1000;

export async function bench(): Promise<Row[]> {
  const value = median([main, "lint", harbour]);
  const start = median(["-e", "0"]);
  return [
    {
      bench: name,
      name: "lint of the example; beside it, Node's own start",
      value,
      unit: "ms",
      budget: `<= ${BUDGET_MS}`,
      ok: value <= BUDGET_MS,
      ours: value,
      theirs: start,
    },
  ];
}

/** Of whole processes, after one that fills the caches. */
function median(args: readonly string[]): number {
  const times = Array.from({ length: RUNS + 1 }, () => {
    const begun = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore", timeout: 60_000 });
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
    return performance.now() - begun;
  });
  return Math.round(times.slice(1).sort((one, other) => one - other)[Math.floor(RUNS / 2)] ?? 0);
}
