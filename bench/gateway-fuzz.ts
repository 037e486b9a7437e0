// Fuzzes everything in the gateway that reads bytes from outside. DEMESNE_FUZZ is the number of executions a target (a
// million for the record); DEMESNE_FUZZ_SEED starts another sequence. Inputs that take a new way are kept in
// test/cases/gateway-fuzz, where the ordinary tests run them again; an input that breaks a promise is kept there too.
import { writeFileSync } from "node:fs";
import { execute, targets, type Target } from "../test/cases/gateway-fuzz/targets.ts";
import { corpusFile, keptInputs, seedsOf } from "./gateway/fuzz-corpus.ts";
import { chance, mutate } from "./gateway/fuzz-mutate.ts";
import type { Row } from "../scripts/bench-row.ts";

export const name = "gateway-fuzz";

const MAX_KEPT = 60;

/** What is mutated: more would only make the first ones rare. */
const MAX_SEEDS = 400;

export async function bench(): Promise<Row[]> {
  const executions = Number(process.env["DEMESNE_FUZZ"] ?? 20_000);
  const seed = Number(process.env["DEMESNE_FUZZ_SEED"] ?? 1);
  const only = process.env["DEMESNE_FUZZ_TARGET"];
  return Object.entries(targets)
    .filter(([target]) => only === undefined || target === only)
    .map(([target, run]) => row(target, executions, fuzz(target, run, { executions, seed })));
}

type Found = { readonly broken: number; readonly slowestMs: number };

function fuzz(target: string, run: Target, { executions, seed }: { executions: number; seed: number }): Found {
  const random = chance(seed);
  const seeds = seedsOf(target);
  const kept = keptInputs(target);
  const ways = new Set(kept.map((bytes) => wayOf(run, bytes, 7)));
  let broken = 0;
  let slowestMs = 0;
  for (let index = 0; index < executions; index += 1) {
    const bytes = mutate(seeds, random);
    const cut = 1 + random.below(40);
    const before = performance.now();
    const way = wayOf(run, bytes, cut);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    const isBroken = way.startsWith("BROKEN");
    if (isBroken) broken += 1;
    if (ways.has(way)) continue;
    ways.add(way);
    if (isBroken) process.stderr.write(`${target}: ${way}\n${bytes.toString("base64")}\n`);
    if (seeds.length < MAX_SEEDS) seeds.push(bytes);
    if (kept.length < MAX_KEPT || isBroken) kept.push(bytes);
  }
  writeFileSync(
    corpusFile(target),
    `${JSON.stringify(
      kept.map((bytes) => bytes.toString("base64")),
      undefined,
      1,
    )}\n`,
  );
  return { broken, slowestMs };
}

function wayOf(run: Target, bytes: Buffer, cut: number): string {
  try {
    return execute(run, bytes, cut);
  } catch (error) {
    const [first, second] = (error instanceof Error ? (error.stack ?? "") : String(error)).split("\n    at ");
    return `BROKEN ${first?.split("\n")[0]?.slice(0, 120)} at ${second?.replace(/:\d+\)?$/, "")}`;
  }
}

function row(target: string, executions: number, { broken, slowestMs }: Found): Row {
  return {
    bench: name,
    name: `${target}, ${executions} executions`,
    value: broken,
    unit: "broken",
    budget: "<= 0",
    ok: broken === 0,
    ours: slowestMs,
    theirs: 0,
  };
}
