// The commands of a document: its fenced `sh` blocks, line by line, with the status that a comment promises.

export type DocCommand = {
  readonly line: string;
  /** 0, or what `# exit N: why` at the end of the line says. */
  readonly exit: number;
};

export type DocBlock = {
  /** What stands behind `sh`: who can run it; empty for everybody. */
  readonly kind: string;
  readonly commands: readonly DocCommand[];
};

/** Blocks in their order, those inside lists too. */
export function docBlocks(markdown: string): readonly DocBlock[] {
  const blocks = [...markdown.matchAll(/^([ ]*)```sh *([a-z]*)\n([^]*?)^\1```$/gm)];
  return blocks.map(([, , kind = "", text = ""]) => ({
    kind,
    commands: text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .map(commandOf),
  }));
}

function commandOf(line: string): DocCommand {
  const [, status] = / # exit (\d+)\b/.exec(line) ?? [];
  return { line: line.replace(/ +# .*$/, ""), exit: Number(status ?? 0) };
}

/** Every fence that begins with sh, however it is written: none may be missed. */
export function fenceCount(markdown: string): number {
  return [...markdown.matchAll(/```sh\b/g)].length;
}
