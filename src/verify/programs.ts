// Sends the Python programs beside this file to where they run, over stdin, and reads what they print between nonces.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { Problem } from "../lib/problem.ts";
import { Ranges } from "./ranges.ts";
import type { RunProgram } from "./vantage.ts";

export type Target = { readonly family: 4 | 6; readonly address: string };

export type ScanJob = {
  readonly targets: readonly Target[];
  readonly tcp: Ranges;
  readonly udp: Ranges;
  /** How long an answer may take; what is silent is asked again, and waited for as long. */
  readonly answerMs: number;
  /** Connections under way at once. */
  readonly window: number;
};

const Answers = z.strictObject({
  open: Ranges,
  refused: Ranges,
  unreachable: z.record(z.string(), Ranges),
  silent: Ranges,
});

const Scan = z.strictObject({
  family: z.literal([4, 6]),
  address: z.string(),
  /** The address that the host sees. */
  source: z.string().nullable(),
  tcp: z.strictObject({ ...Answers.shape, tripMs: z.number().nullable() }),
  udp: Answers,
});
export type Scan = z.infer<typeof Scan>;
export type Answers = z.infer<typeof Answers>;

export type ListenJob = Pick<ScanJob, "targets" | "tcp" | "udp"> & {
  readonly name: string;
  /** After this many seconds the listeners end by themselves. */
  readonly deadlineS: number;
  /** On a host that is thrown away: ends what is left of finished connections, so that their ports are free. */
  readonly forgetFinished: boolean;
};

const Held = z.strictObject({ answers: Ranges, refused: Ranges, taken: Ranges });
const Listening = z.strictObject({
  workers: z.array(z.string()),
  families: z.array(z.strictObject({ family: z.literal([4, 6]), tcp: Held, udp: Held })),
});
export type Listening = z.infer<typeof Listening>;

type Call<T> = {
  readonly run: RunProgram;
  readonly call: string;
  readonly argument: unknown;
  readonly answer: z.ZodType<T>;
};

const TIMEOUT_MS = 180_000;

export function scan(run: RunProgram, job: ScanJob, signal?: AbortSignal): Promise<Scan[]> {
  return python({ run, call: "scan", argument: job, answer: z.array(Scan) }, signal);
}

export function listen(run: RunProgram, job: ListenJob, signal?: AbortSignal): Promise<Listening> {
  return python({ run, call: "listen", argument: job, answer: Listening }, signal);
}

/** Which of the addresses answer a ping. */
export function echoes(run: RunProgram, targets: readonly Target[], signal?: AbortSignal): Promise<boolean[]> {
  return python({ run, call: "echoes", argument: targets, answer: z.array(z.boolean()) }, signal);
}

/** False for a worker that had ended before it was told to. */
export function endListeners(run: RunProgram, workers: readonly string[]): Promise<boolean[]> {
  return python({ run, call: "end_listeners", argument: workers, answer: z.array(z.boolean()) });
}

async function python<T>({ run, call, argument, answer }: Call<T>, signal?: AbortSignal): Promise<T> {
  const nonce = randomBytes(16).toString("hex");
  // JSON within JSON: a Python string literal that holds the argument, whatever is in it.
  const last = `answer("${nonce}", lambda: ${call}(json.loads(${JSON.stringify(JSON.stringify(argument))})))\n`;
  const texts = await Promise.all(["base.py", "scan.py", "ping.py", "listen.py"].map(text));
  const input = [...texts, last].join("\n");
  const { status, stdout, stderr } = await run(["python3", "-I", "-S", "-B", "-"], {
    input,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  const printed = stdout.split(nonce)[1];
  if (status === 0 && printed !== undefined) return answer.parse(JSON.parse(printed));
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new Problem({
    code: "failed",
    where: `verify: ${call}`,
    what: `ended with ${status ?? "a signal"} and no answer${said === "" ? "" : `: ${said}`}`,
    fix: "check that python3 is there: python3 --version",
  });
}

async function text(name: string): Promise<string> {
  return await readFile(new URL(`programs/${name}`, import.meta.url), "utf8");
}
