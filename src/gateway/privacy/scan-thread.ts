// Reads large requests beside the event loop, so that streams under way do not wait for them. This file is both the
// thread's program and the handle to it.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { stepBack } from "../background.ts";
import { Refusal } from "../refusal.ts";
import type { Findings } from "./kinds.ts";
import { NameList, type Dictionary } from "./names.ts";
import { Scanner } from "./scan.ts";

export type Leaf = { readonly text: string; readonly hint: number };

type Job = { readonly id: number; readonly leaves: readonly Leaf[] };
type Done = { readonly id: number; readonly findings: readonly Findings[] };

type Waiting = { readonly resolve: (findings: readonly Findings[]) => void; readonly reject: (error: Refusal) => void };

/** A thread that has had nothing to do for so long ends. */
const IDLE_MS = 60_000;

/** Longest time that a request may take to be read: 64 MiB take less than three seconds. */
const DEADLINE_MS = 30_000;

const MARK = "demesne-privacy-scan";

export class ScanThread {
  readonly #dictionaries: readonly Dictionary[];
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #id = 0;

  constructor(dictionaries: readonly Dictionary[]) {
    this.#dictionaries = dictionaries;
  }

  /** Throws Refusal (529) when the thread is lost or too slow: what was not read does not leave. */
  async scan(leaves: readonly Leaf[]): Promise<readonly Findings[]> {
    this.#id += 1;
    const id = this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<readonly Findings[]>();
    this.#waiting.set(id, { resolve, reject });
    clearTimeout(this.#idle);
    const late = setTimeout(() => void this.close(), DEADLINE_MS);
    try {
      this.#worker ??= this.#start();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      this.#worker.postMessage({ id, leaves } satisfies Job);
      return await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fail();
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), { workerData: { [MARK]: this.#dictionaries } });
    worker.unref();
    worker.on("message", ({ id, findings }: Done) => this.#waiting.get(id)?.resolve(findings));
    worker.on("error", () => this.#lost(worker));
    worker.on("exit", () => this.#lost(worker));
    return worker;
  }

  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#fail();
  }

  #fail(): void {
    const refusal = new Refusal("overloaded_error", "the request could not be read for personal data", {
      "retry-after": "2",
    });
    for (const { reject } of this.#waiting.values()) reject(refusal);
    this.#waiting.clear();
  }
}

function serve(dictionaries: readonly Dictionary[]): void {
  const names = new NameList(dictionaries);
  const scanner = new Scanner(names.isEmpty ? undefined : names);
  parentPort?.on("message", ({ id, leaves }: Job) => {
    const findings = leaves.map(({ text, hint }) => scanner.scan(text, hint));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    parentPort?.postMessage({ id, findings } satisfies Done);
  });
}

/** What #start has put there; other threads of a process that import this file are not meant. */
function isGiven(value: unknown): value is { readonly [MARK]: readonly Dictionary[] } {
  return typeof value === "object" && value !== null && MARK in value && Array.isArray(value[MARK]);
}

const given: unknown = workerData;
if (!isMainThread && isGiven(given)) {
  stepBack();
  serve(given[MARK]);
}
