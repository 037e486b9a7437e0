// The hook's process: `node guard.cjs [estate]`. Started for every call of a tool, so nothing is loaded that is not used.
import { readFileSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { answer } from "./hook.ts";
import { warm } from "./warm.ts";

// Without an argument: the estate whose .claude/hooks this file stands in.
const root = resolve(process.argv[2] ?? dirname(dirname(dirname(process.argv[1] ?? "/"))));
const home = homedir();
const { status, stdout, stderr } = answer(() => readFileSync(0), { root, home, now: Date.now() });
process.exitCode = status;
if (stdout !== "") writeSync(1, stdout);
if (stderr !== "") writeSync(2, stderr);

/** For the launcher, after the answer: see warm.ts. */
export const prepare = (): void => warm(root, home);
