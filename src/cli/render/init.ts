// What init did, and what comes next, as text.
import type { Initialised } from "../../init/index.ts";
import { wrap } from "./text.ts";

const KINDS = {
  new: "is a new estate",
  continued: "was begun earlier and is complete now",
  renewed: "is complete already; its files are yours",
} as const;

export function renderInit(done: Initialised, folder: string): string {
  const { root, name, kind, written, kept, identity, repository } = done;
  return [
    `${name}: ${root} ${KINDS[kind]}`,
    `  ${written.length} files written${kept.length === 0 ? "" : `, ${kept.length} were there and are as they were`}`,
    `  git: ${repository === "committed" ? "one commit, on main" : "nothing was committed: the folder lies in a repository with commits"}`,
    ...(identity === undefined ? [] : identityLines(identity)),
    ...(kind === "renewed" ? [] : next(folder)),
    "",
  ].join("\n");
}

function identityLines({ recipient, madeAt }: NonNullable<Initialised["identity"]>): string[] {
  const short = `${recipient.slice(0, 16)}...`;
  if (madeAt === undefined) return [`  secrets: encrypted to the age identity that you have (${short})`];
  return [
    `  secrets: encrypted to a new age identity (${short}): ${madeAt}`,
    ...wrap("Keep a copy of that file offline. Who has it opens the secrets; without it nobody does.", "    "),
  ];
}

function next(folder: string): string[] {
  const lines = [
    `cd ${folder}`,
    "demesne doctor      # is this machine ready?",
    "demesne lint        # are the files right?",
    "demesne test        # secrets where they must not be; questions that only you can answer",
    "demesne rehearse    # the whole way on a disposable twin; as root",
    "demesne plan        # what would change on your host",
  ];
  return ["", "next:", ...lines.map((line) => `  ${line}`)];
}
