// Progress on standard error: one line a step, and on a terminal a last line that is redrawn while the step goes on.
import type { Progress } from "../../lib/ports.ts";

type Stream = { write(text: string): unknown; readonly columns?: number };

/** Without a terminal: plain lines for steps, nothing for details. */
export function lineProgress(stream: Stream): Progress {
  return { step: (title) => void stream.write(`${title}\n`), detail: () => {} };
}

/** On a terminal: steps stay, the detail below them is replaced. */
export function terminalProgress(stream: Stream): Progress {
  const clear = "\r\u001B[2K";
  const fit = (text: string): string => text.slice(0, (stream.columns ?? 80) - 5);
  return {
    step: (title) => void stream.write(`${clear}${title}\n`),
    detail: (text) => void stream.write(text === "" ? clear : `${clear}  \u001B[2m${fit(text)}\u001B[0m`),
  };
}
