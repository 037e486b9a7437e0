// How a secret gets in: from standard input, typed unseen, or made up. Never from the command line.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";

const MAX_BYTES = 1024 * 1024;

/** The text of a file that must be there. */
export async function readFileText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (cause) {
    const fix = "run it in the estate's folder, or name the file: --file <path>";
    throw new Problem({ code: "usage", where: path, what: "cannot be read as text", fix, cause });
  }
}

/** Typed at a terminal without being shown, or all of standard input less one last line break. */
export async function readSecret(prompt: string, signal: AbortSignal): Promise<Sensitive> {
  const text = process.stdin.isTTY ? await typed(prompt, signal) : (await allInput(signal)).replace(/\r?\n$/, "");
  if (text !== "") return new Sensitive(text);
  const fix = "pipe the value in, or make one up: --random 32";
  throw new Problem({ code: "usage", where: "standard input", what: "holds no value", fix });
}

export function randomText(bytes: number): Sensitive {
  return new Sensitive(randomBytes(bytes).toString("hex"));
}

/** Asks on the terminal; without one the answer is no. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return !/^n/i.test((await lines.question(question, { signal })).trim());
  } finally {
    lines.close();
  }
}

async function allInput(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    signal.throwIfAborted();
    const bytes = Buffer.from(z.instanceof(Uint8Array).parse(chunk));
    size += bytes.length;
    if (size > MAX_BYTES) {
      throw new Problem({
        code: "usage",
        where: "standard input",
        what: "is larger than 1 MiB",
        fix: "store it as a file",
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** One line with the terminal's echo off; Ctrl-C and Ctrl-D give up. */
async function typed(prompt: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(prompt);
  process.stdin.setRawMode(true).setEncoding("utf8");
  let line = "";
  try {
    for await (const chunk of process.stdin) {
      signal.throwIfAborted();
      const [before = "", ...after] = String(chunk).split(/[\r\n]/);
      if (before.includes(CTRL_C) || before.includes(CTRL_D)) return "";
      line = edited(line + before);
      if (after.length > 0) return line;
    }
    return line;
  } finally {
    process.stdin.setRawMode(false).pause();
    process.stderr.write("\n");
  }
}

const [CTRL_C, CTRL_D] = ["\u0003", "\u0004"];
const BACKSPACES = new Set(["\u0008", "\u007f"]);

/** Backspace takes the character before it. */
function edited(line: string): string {
  const kept: string[] = [];
  for (const character of line) {
    if (BACKSPACES.has(character)) kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}
