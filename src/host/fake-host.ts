// A host for tests: it answers what it was told to, and remembers what it was asked.
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../lib/problem.ts";
import type { RunResult } from "../lib/run.ts";
import type { Host, HostRunOptions } from "./host.ts";
import { shellQuote } from "./shell-quote.ts";

type Asked = { readonly argv: readonly string[]; readonly input: string };
type Result = string | Partial<RunResult>;
/** What a program answers: its standard output, or all of its result. `never`: it does not end by itself. */
export type FakeAnswer = Result | { readonly never: true } | ((asked: Asked) => Result);

export type FakeHost = Host & { readonly asked: readonly Asked[] };

/** Answers by command line (`systemctl show web`) or by program; any other program is not found, as a shell says it. */
export function fakeHost(id: string, answers: Readonly<Record<string, FakeAnswer>>): FakeHost {
  const asked: Asked[] = [];
  const run = async (argv: readonly string[], options: HostRunOptions): Promise<RunResult> => {
    options.signal?.throwIfAborted();
    const question = { argv, input: options.input ?? "" };
    asked.push(question);
    const answer = answers[shellQuote(argv)] ?? answers[argv[0] ?? ""];
    if (answer === undefined) return result({ status: 127, stderr: `bash: line 1: ${argv[0]}: command not found\n` });
    if (typeof answer === "object" && "never" in answer) return await neverEnding(id, options);
    return result(typeof answer === "function" ? answer(question) : answer);
  };
  return { id, asked, run };
}

function result(given: Result): RunResult {
  const parts = typeof given === "string" ? { stdout: given } : given;
  return { status: 0, stdout: "", stderr: "", timedOut: false, ...parts };
}

async function neverEnding(id: string, { signal, timeoutMs }: HostRunOptions): Promise<RunResult> {
  await sleep(timeoutMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
  throw new Problem({
    code: "unreachable",
    where: `host ${id}`,
    what: `no answer within ${Math.round(timeoutMs / 1000)} s`,
    fix: "it is a fake: let it answer",
  });
}
