import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { Problem } from "../lib/problem.ts";
import { loadConfig } from "./load-config.ts";
import { loadPrices } from "./price.ts";

/** What is told of a configuration of these lines. */
function problemOf(t: TestContext, ...lines: readonly string[]): Problem {
  const folder = mkdtempSync(join(tmpdir(), "demesne-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, `${lines.join("\n")}\n`);
  try {
    loadConfig(file);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "nothing was wrong" });
}

const sound = ["format: 1", "management: /m.sock", "state: /s", "routes: {}"];

it("names the line of a port that there is none of", (t) => {
  const { message } = problemOf(t, ...sound, "listen: 127.0.0.1:65536");
  assert.match(message, /gateway\.yaml:5 listen: should have a port of 0-65535$/);
});

it("tells everything that is wrong at once, each with its line", (t) => {
  const { where, what, fix } = problemOf(t, "format: 1", "management: m.sock", "state: /s", "routes: {}", "speed: 9");
  assert.match(where, /gateway\.yaml:2 management$/);
  assert.match(what, /"\/"/);
  assert.match(fix, /^edit \S+gateway\.yaml\n1 more:\n {2}\S+gateway\.yaml:5 speed: is not a known field$/);
});

it("tells every line that is no YAML", (t) => {
  const { where, fix } = problemOf(t, "format: 1", "format: 1", "state: [");
  assert.match(where, /gateway\.yaml:2$/);
  assert.match(fix, /1 more:\n {2}\S+gateway\.yaml:4: /);
});

it("names file and line of what is wrong in a price file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-prices-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const prices = join(folder, "prices.yaml");
  const rates = "input: 1, cacheWrite5m: 1, cacheWrite1h: 1, cacheRead: 1";
  writeFileSync(prices, ["format: 1", "source: here", "date: today", "models:", `  one: { ${rates} }`].join("\n"));
  const { message, fix } = problemOf(t, ...sound, `prices: ${prices}`);
  assert.match(message, /^\S+prices\.yaml:3 date: Invalid ISO date$/);
  assert.match(fix, /^edit \S+prices\.yaml\n1 more:\n {2}\S+prices\.yaml:5 models\/one\/output: /);
});

it("takes the price file that the documentation shows", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-prices-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = readFileSync(join(import.meta.dirname, "../../docs/gateway.md"), "utf8");
  const file = join(folder, "prices.yaml");
  writeFileSync(file, /^## Prices$.*?^```yaml\n(.*?)^```$/ms.exec(text)?.[1] ?? "");
  assert.equal(loadPrices(file).models.get("my-hosted-model")?.long?.over, 200_000);
});
