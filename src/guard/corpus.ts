// The corpus: commands with the verdict they must get, one a line (`⏎` is a line break), and the made up machine they
// run on. Judged by `guard test`, by the tests and, a sample of it, by the real hook.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { Decision } from "./decision.ts";
import { judge } from "./judge.ts";
import type { World } from "./world.ts";

export type Case = {
  readonly command: string;
  readonly verdict: Decision["verdict"];
  /** `harmful/git` */
  readonly group: string;
};

const CorpusWorld = z
  .strictObject({
    root: z.string().meta({ description: "Folder of the estate" }),
    home: z.string().meta({ description: "The operator's home" }),
    files: z.record(z.string(), z.string()).meta({ description: "Path to text" }),
    links: z.record(z.string(), z.string()).meta({ description: "Symbolic link to target" }),
  })
  .meta({ description: "The machine that the corpus runs on" });

export async function readCorpus(folder: string): Promise<Case[]> {
  const cases: Case[] = [];
  for (const kind of ["harmful", "benign"]) {
    const names = (await readdir(join(folder, kind))).filter((name) => name.endsWith(".txt")).sort();
    for (const name of names) {
      cases.push(...parseCases(await readFile(join(folder, kind, name), "utf8"), `${kind}/${basename(name, ".txt")}`));
    }
  }
  return cases;
}

function parseCases(text: string, group: string): Case[] {
  const cases: Case[] = [];
  let verdict: Case["verdict"] | undefined;
  for (const line of text.split("\n")) {
    const [, heading] = /^## (deny|ask|silent)$/.exec(line) ?? [];
    if (heading === "deny" || heading === "ask" || heading === "silent") verdict = heading;
    else if (line !== "" && verdict !== undefined) cases.push({ command: line.replaceAll("⏎", "\n"), verdict, group });
  }
  return cases;
}

export async function readCorpusWorld(file: string): Promise<World> {
  const { root, home, files, links } = CorpusWorld.parse(JSON.parse(await readFile(file, "utf8")));
  const resolve = (path: string): string => {
    const link = Object.keys(links).find((from) => path === from || path.startsWith(`${from}/`));
    return link === undefined ? path : `${links[link]}${path.slice(link.length)}`;
  };
  return { root, home, resolve, read: (path) => files[resolve(path)] };
}

export function judgeCommand(command: string, world: World): Decision {
  return judge({ event: "PreToolUse", session: "", cwd: world.root, tool: "Bash", input: { command } }, world);
}
