// Shell scripts: parsed by the shells themselves (`-n` runs nothing), and by shellcheck where it is installed.
import { join } from "node:path";
import * as z from "zod";
import { run } from "../lib/run.ts";
import { inFile, type LintFinding } from "./finding.ts";
import type { EstateEntry } from "./walk.ts";

const TIMEOUT_MS = 20_000;
/** Programs at a time. */
const BATCH = 8;

export type Looking = { readonly root: string; readonly signal: AbortSignal };

export type Shell = "sh" | "bash";

/** The shell that a script is for; undefined for what is no shell script. */
export function shellOf({ path, text }: EstateEntry): Shell | undefined {
  const [, program] = /^#!\s*(?:\/usr\/bin\/env\s+(?:-S\s+)?)?(?:\S*\/)?(\w+)/.exec(text ?? "") ?? [];
  if (program === "bash") return "bash";
  if (program === "sh" || program === "dash") return "sh";
  return program === undefined && text !== undefined && path.endsWith(".sh") ? "sh" : undefined;
}

export async function checkScripts(entries: readonly EstateEntry[], looking: Looking): Promise<readonly LintFinding[]> {
  const scripts = entries.flatMap((entry) => {
    const shell = shellOf(entry);
    return shell === undefined ? [] : [{ path: entry.path, shell }];
  });
  const found: LintFinding[] = [];
  for (let first = 0; first < scripts.length; first += BATCH) {
    const batch = scripts.slice(first, first + BATCH);
    found.push(...(await Promise.all(batch.map(async (script) => await parse(script, looking)))).flat());
  }
  const sound = scripts.filter(({ path }) => !found.some(({ file }) => file === path));
  return [...found, ...(await shellcheck(sound, looking))];
}

type Script = { readonly path: string; readonly shell: Shell };

async function parse({ path, shell }: Script, { root, signal }: Looking): Promise<readonly LintFinding[]> {
  const options = { timeoutMs: TIMEOUT_MS, signal, cwd: root, env: { ...process.env, LC_ALL: "C" } };
  const result = await attempt([shell, "-n", `./${path}`], options);
  if (result === undefined) {
    const what = `could not be looked at: there is no ${shell} here`;
    return [inFile("shell-syntax", [path, 1], { what, fix: `install ${shell}` })];
  }
  if (result.status === 0) return [];
  const [, line = "1", said = "cannot be parsed"] = /: (?:line )?(\d+): (.*)/.exec(result.stderr) ?? [];
  const what = `should be ${shell}: ${said.slice(0, 1).toLowerCase()}${said.slice(1)}`;
  return [inFile("shell-syntax", [path, Number(line)], { what, fix: `correct it, and try ${shell} -n ${path}` })];
}

const Comments = z.object({
  comments: z.array(
    z.object({ file: z.string(), line: z.int(), code: z.int(), message: z.string(), level: z.string() }),
  ),
});

async function shellcheck(scripts: readonly Script[], { root, signal }: Looking): Promise<readonly LintFinding[]> {
  if (scripts.length === 0) return [];
  const files = scripts.map(({ path }) => join(root, path));
  const options = { timeoutMs: TIMEOUT_MS, signal, cwd: root };
  const result = await attempt(["shellcheck", "--format=json1", "--severity=warning", "--", ...files], options);
  if (result === undefined || result.stdout === "") return [];
  const { comments } = Comments.parse(JSON.parse(result.stdout));
  return comments.map(({ file, line, code, message }) => {
    const fix = `see https://www.shellcheck.net/wiki/SC${code}`;
    return inFile("shellcheck", [file.slice(root.length + 1), line], {
      what: message.toLowerCase().replace(/\.$/, ""),
      fix,
    });
  });
}

/** Undefined when the program is not installed. */
async function attempt(
  argv: readonly string[],
  options: Parameters<typeof run>[1],
): Promise<Awaited<ReturnType<typeof run>> | undefined> {
  try {
    return await run(argv, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
