// Edits the plain text in the operator's editor: a private file in memory, wiped afterwards, and by a watcher if we die.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmod, mkdtemp, open, readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { changeSecrets, createSecrets } from "./change.ts";
import type { Changed, Desk, Effects, NewFile } from "./change.ts";
import { decryptFile, plainText } from "./codec.ts";
import type { Environment } from "./identities.ts";
import { readWhole } from "./whole-file.ts";

/** statfs(2) types of file systems that live in memory. */
const MEMORY = new Set([0x01021994, 0x858458f6]);
/** Not handed to the editor: it and its plugins have no use for them. */
const PRIVATE = new Set(["SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"]);

export type Editing = {
  readonly env: Environment;
  /** Asked when the text cannot be encrypted: true edits it again, false gives up and loses it. */
  mayRetry(problem: Problem): Promise<boolean>;
  /** Who may read a new file; without it the nearest .sops.yaml counts. */
  readonly newFile?: NewFile | undefined;
};

/** Opens the file in $VISUAL or $EDITOR; answers undefined when nothing was changed. */
export async function editSecrets(effects: Effects, desk: Desk, editing: Editing): Promise<Changed | undefined> {
  const text = await readWhole(desk.path);
  const isNew = text === undefined;
  const plain = isNew ? "" : plainText(await decryptFile({ path: desk.path, text }, desk.identities));
  const folder = await privateFolder(editing.env);
  const watcher = wipeIfWeDie(folder);
  const file = join(folder, basename(desk.path));
  try {
    await writeFile(file, plain, { mode: 0o600, flag: "wx" });
    for (;;) {
      await runEditor(file, editing.env);
      const edited = await readFile(file, "utf8");
      if (edited === plain) return undefined;
      const done = await tryWrite(effects, desk, new Sensitive(edited), editing, isNew);
      if (done !== undefined) return done;
    }
  } finally {
    await wipe(folder, file);
    watcher.stdin?.end();
  }
}

async function tryWrite(
  effects: Effects,
  desk: Desk,
  text: Sensitive,
  editing: Editing,
  isNew: boolean,
): Promise<Changed | undefined> {
  try {
    if (isNew) return await createSecrets(effects, desk, { kind: "text", text }, editing.newFile);
    return await changeSecrets(effects, desk, { kind: "text", text });
  } catch (problem) {
    if (!(problem instanceof Problem) || !(await editing.mayRetry(problem))) throw problem;
    return undefined;
  }
}

/** A new folder in memory that only this user can enter; throws Problem where there is no such file system. */
async function privateFolder(env: Environment): Promise<string> {
  for (const place of [env["XDG_RUNTIME_DIR"], "/dev/shm", "/run"]) {
    if (place === undefined || !(await isMemory(place))) continue;
    const folder = await mkdtemp(join(place, "demesne-edit-")).catch(() => undefined);
    if (folder === undefined) continue;
    await chmod(folder, 0o700);
    return folder;
  }
  throw new Problem({
    code: "prerequisite",
    where: "demesne secrets edit",
    what: "there is no file system in memory (tmpfs) to edit in, and a disk would keep the values",
    fix: "run it where /dev/shm is a tmpfs, or set single values: demesne secrets set",
  });
}

async function isMemory(place: string): Promise<boolean> {
  return await statfs(place).then(
    ({ type }) => MEMORY.has(type),
    () => false,
  );
}

/** A process of its own that removes the folder when our end of its pipe closes: on kill -9 too. */
function wipeIfWeDie(folder: string): ChildProcess {
  const watch = 'trap "" INT TERM HUP; cat >/dev/null; rm -rf -- "$1"';
  const child = spawn("/bin/sh", ["-c", watch, "sh", folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: "/usr/bin:/bin" },
  });
  child.on("error", () => {});
  child.unref();
  return child;
}

async function runEditor(file: string, env: Environment): Promise<void> {
  const editor = env["VISUAL"] || env["EDITOR"] || "vi";
  const [program = "vi", ...args] = editor.split(" ").filter((word) => word !== "");
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !PRIVATE.has(name)));
  process.on("SIGINT", leaveToEditor);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(program, [...args, file], { stdio: "inherit", env: clean });
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (status !== 0) throw editorFailed(program, `ended with status ${status ?? "none"}; nothing was changed`);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw editorFailed(program, "cannot be run");
  } finally {
    process.off("SIGINT", leaveToEditor);
  }
}

/** Ctrl-C belongs to the editor while it runs. */
function leaveToEditor(): void {}

function editorFailed(program: string, what: string): Problem {
  return new Problem({ code: "failed", where: `editor ${program}`, what, fix: "set EDITOR to your editor" });
}

async function wipe(folder: string, file: string): Promise<void> {
  try {
    const { size } = await stat(file);
    const handle = await open(file, "r+");
    await handle.write(Buffer.alloc(size), 0, size, 0);
    await handle.close();
  } catch {
    // The editor may have moved it; the folder goes in any case.
  }
  await rm(folder, { recursive: true, force: true });
}
