// A newcomer's shell: a home of its own, `demesne` as a word, and nothing of whoever runs the tests. Lines are run by sh.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");
const LIMIT_MS = 10 * 60_000;

export type Typed = { readonly status: number | null; readonly output: string };

export type Shell = {
  readonly room: string;
  readonly home: string;
  /** Runs one line; a `cd` stays. `isAlone`: without any network. */
  type(line: string, options?: { readonly isAlone?: boolean; readonly env?: Readonly<Record<string, string>> }): Typed;
  /** The folder that it is in. */
  folder(): string;
  close(): void;
};

export function openShell(): Shell {
  const room = mkdtempSync(join(tmpdir(), "demesne-newcomer-"));
  const [home, bin] = [join(room, "home"), join(room, "bin")];
  for (const folder of [home, bin, join(room, "estates")]) mkdirSync(folder);
  writeFileSync(join(bin, "demesne"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(bin, "demesne"), 0o755);
  let cwd = join(room, "estates");
  // A newcomer has the system's own Node, git and ssh; Node's folder here is not in the way of theirs.
  const PATH = `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`;
  return {
    room,
    home,
    folder: () => cwd,
    type: (line, { isAlone = false, env = {} } = {}) => {
      const [, to] = /^cd (\S+)$/.exec(line) ?? [];
      if (to !== undefined) {
        cwd = resolve(cwd, to);
        return { status: 0, output: "" };
      }
      const argv = [...(isAlone ? ["unshare", "--map-root-user", "--net"] : []), "sh", "-c", `${line} 2>&1`];
      const { status, stdout } = spawnSync(argv[0] ?? "", argv.slice(1), {
        cwd,
        env: { PATH, HOME: home, LANG: "C.UTF-8", ...env },
        input: "made-up-for-a-test\n",
        timeout: LIMIT_MS,
        maxBuffer: 64 * 2 ** 20,
      });
      return { status, output: stdout.toString() };
    },
    close: () => rmSync(room, { recursive: true, force: true }),
  };
}

/** Can a network of nobody's be made here? Root on Linux can, and so can users where the kernel lets them. */
export const canBeAlone = spawnSync("unshare", ["--map-root-user", "--net", "true"]).status === 0;
