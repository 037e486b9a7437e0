// What a person sees while something goes on, with a clock that the test moves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lineProgress, terminalProgress } from "./progress.ts";

function screen(columns = 80) {
  let written = "";
  let now = 0;
  const stream = { columns, write: (text: string) => void (written += text) };
  const clock = { now: () => now };
  const shown = (): string[] => {
    const lines = [""];
    let row = 0;
    // The few terminal commands that the progress uses.
    for (const part of written.replaceAll("\u001B", "^").split(/(\r?\^\[2K|\^\[1A|\^\[\d+m|\n)/)) {
      if (part.endsWith("[2K")) lines[row] = "";
      else if (part.endsWith("[1A")) row -= 1;
      else if (part === "\n") row += 1;
      else if (!part.startsWith("^[")) lines[row] = (lines[row] ?? "") + part;
    }
    return lines.filter((line) => line !== undefined && line !== "");
  };
  return { stream, clock, shown, pass: (ms: number) => void (now += ms), text: () => written };
}

test("on a terminal an ended step has its time, and a running one says what it does and for how long", () => {
  const { stream, clock, shown, pass } = screen();
  const progress = terminalProgress(stream, clock);
  progress.step("1. plan");
  pass(1400);
  progress.detail("");
  progress.step("2. apply 104 changes in 14 steps");
  progress.detail("1/14 put 2 paths in place");
  pass(75_000);
  progress.detail("2/14 install docker.io");
  assert.deepEqual(shown(), [
    `${"1. plan".padEnd(56)}     1.4 s`,
    "2. apply 104 changes in 14 steps",
    "   1 min 15 s  2/14 install docker.io",
  ]);
  progress.detail("");
  assert.equal(shown().at(-1), `${"2. apply 104 changes in 14 steps".padEnd(56)} 1 min 15 s`);
  assert.equal(shown().length, 2);
});

test("a step inside a step leaves the outer one without a time", () => {
  const { stream, clock, shown, pass } = screen();
  const progress = terminalProgress(stream, clock);
  progress.step("1. prepare this machine");
  pass(300);
  progress.step("building the base system");
  pass(45_000);
  progress.detail("");
  assert.deepEqual(shown(), ["1. prepare this machine", `${"building the base system".padEnd(56)}      45 s`]);
});

test("the redrawn line is the terminal's, so it never fills a row", () => {
  const { stream, clock, shown } = screen(20);
  const progress = terminalProgress(stream, clock);
  progress.step("a step whose title is longer than the terminal");
  progress.detail("x".repeat(100));
  for (const line of shown()) assert.ok(line.length < 20, line);
  progress.detail("");
});

test("an error before any step clears nothing that others wrote", () => {
  const { stream, clock, text } = screen();
  terminalProgress(stream, clock).detail("");
  assert.equal(text(), "");
});

test("without a terminal a long step says every fifteen seconds that it lives, with plain lines", () => {
  const { stream, clock, pass, text } = screen();
  const progress = lineProgress(stream, clock);
  progress.step("1. plan");
  pass(1000);
  progress.detail("");
  progress.step("2. apply");
  for (const task of ["1/14 a", "2/14 b", "3/14 c", "4/14 d"]) {
    pass(8000);
    progress.detail(task);
  }
  pass(20_000);
  progress.detail("");
  assert.deepEqual(text().split("\n"), [
    "1. plan",
    "2. apply",
    "   16 s: 2/14 b",
    "   32 s: 4/14 d",
    "   52 s: done",
    "",
  ]);
});
