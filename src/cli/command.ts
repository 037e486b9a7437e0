// What a command is: options (zod), a description, the ways it can end, and a runbook. One file per command.
import type { z } from "zod";
import type { Progress } from "../lib/ports.ts";
import type { ExitName } from "./exit.ts";

/** What a command is given: where it writes and when it must stop. */
export type Context = {
  readonly out: (text: string) => void;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Is standard output a terminal that wants colours? */
  readonly isColoured: boolean;
  /** Is standard error a terminal, so that progress may be redrawn? */
  readonly isTerminal: boolean;
};

export type Argument = { readonly name: string; readonly description: string; readonly default?: string };

export type Command<O extends z.ZodObject = z.ZodObject> = {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  /** Keys become flags: `dryRun: z.boolean()` is `--dry-run`, a string takes a value. */
  readonly options: O;
  readonly exits: readonly ExitName[];
  readonly run: (context: Context, args: readonly string[], options: z.infer<O>) => Promise<ExitName>;
};

/** A command whose options have the type that its own schema gives them; from here on it stands with the others. */
export function command<O extends z.ZodObject>(parts: Command<O>): Command {
  // `run` is only ever called with what this command's own `options` has parsed (program.ts).
  return parts;
}

/** The flag that fills an option: `dryRun` is `--dry-run`. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
