// Progress on standard error: a list of steps with their times, and below the last one what it is doing right now.
// An empty detail ends a step.
import type { Clock, Progress } from "../../lib/ports.ts";
import { duration } from "./text.ts";

type Stream = { write(text: string): unknown; readonly columns?: number };
type Step = { readonly title: string; readonly began: number; detail: string };

const monotonic: Clock = { now: () => performance.now() };
/** Without a terminal, a long step says this often that it lives. */
const LINE_EVERY_MS = 15_000;
const REDRAW_MS = 1000;
const TITLE_COLUMNS = 56;

/** Without a terminal: a line when a step begins, when it goes on for long, and when a long one ends. */
export function lineProgress(stream: Stream, clock = monotonic): Progress {
  let current: Step | undefined;
  let told = 0;
  const tell = (step: Step, what: string): void => {
    told = clock.now();
    stream.write(`   ${duration(told - step.began)}: ${what}\n`);
  };
  return {
    step: (title) => {
      stream.write(`${title}\n`);
      told = clock.now();
      current = { title, began: told, detail: "" };
    },
    detail: (text) => {
      if (current === undefined) return;
      const isDue = clock.now() - told >= LINE_EVERY_MS;
      if (text !== "" && isDue) tell(current, text);
      if (text !== "") return;
      if (isDue) tell(current, "done");
      current = undefined;
    },
  };
}

/** On a terminal: the line below the step is redrawn every second; a step that has ended gets its time. */
export function terminalProgress(stream: Stream, clock = monotonic): Progress {
  const clear = "\r\u001B[2K";
  const up = "\u001B[1A";
  let current: Step | undefined;
  let timer: NodeJS.Timeout | undefined;
  // A terminal that does not know its width says 0.
  const fit = (text: string): string => text.slice(0, (stream.columns || 80) - 1);
  const draw = (): void => {
    if (current === undefined) return;
    const text = `   ${duration(clock.now() - current.began).padStart(6)}  ${current.detail}`;
    stream.write(`${clear}\u001B[2m${fit(text)}\u001B[0m`);
  };
  const begin = (title: string): void => {
    current = { title, began: clock.now(), detail: "" };
    timer ??= setInterval(draw, REDRAW_MS).unref();
  };
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
    if (current === undefined) return;
    const { title, began } = current;
    const line = title === "" ? "" : `${title.padEnd(TITLE_COLUMNS)} ${duration(clock.now() - began).padStart(9)}`;
    stream.write(line === "" ? clear : `${clear}${up}${clear}${fit(line)}\n`);
    current = undefined;
  };
  return {
    step: (title) => {
      // A step inside a step: the outer one has not ended, so no time is put beside it.
      stream.write(`${clear}${fit(title)}\n`);
      begin(title);
    },
    detail: (text) => {
      if (text === "") return end();
      if (current === undefined) begin("");
      if (current !== undefined) current.detail = text;
      draw();
    },
  };
}
