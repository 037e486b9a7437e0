// Builds the command line from the command objects, and turns what is thrown into words and an exit code.
import { Command as Program, CommanderError, Option } from "commander";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { flagOf, type Command, type Context } from "./command.ts";
import { commands } from "./commands.ts";
import { exits, type ExitName } from "./exit.ts";
import { lineProgress, terminalProgress } from "./render/progress.ts";
import { version } from "./version.ts";

const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs the command that argv names and answers with the exit code of the process. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(interrupted());
  // A second Ctrl-C must not cut the cleaning short that the first one began; all of it has deadlines.
  for (const name of STOPS) process.on(name, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", unlessClosed);
  const isTerminal = process.stderr.isTTY;
  const context: Context = {
    out: (text) => process.stdout.write(text),
    progress: isTerminal ? terminalProgress(process.stderr) : lineProgress(process.stderr),
    signal: stop.signal,
    isColoured: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
    isTerminal,
  };
  try {
    return exits[await dispatch(argv, context)].code;
  } catch (error) {
    context.progress.detail("");
    return tell(stop.signal.aborted ? stop.signal.reason : error, argv.includes("--json"), argv[2]);
  } finally {
    for (const name of STOPS) process.off(name, onSignal);
  }
}

/** Nobody reads any more (a pipe into head): what was begun goes on, and ends with its own code. */
function unlessClosed(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}

function interrupted(): Problem {
  return new Problem({
    code: "interrupted",
    where: "demesne",
    what: "stopped as asked",
    fix: "what was begun is cleaned up; run the same command again",
  });
}

async function dispatch(argv: readonly string[], context: Context): Promise<ExitName> {
  let ended: ExitName = "done";
  const program = new Program("demesne")
    .description("A private, hardened AI control plane on hosts you already have.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  const wanted = argv[2];
  for (const entry of commands) {
    if (entry.name === wanted) addCommand(program, await entry.load(), context, (name) => (ended = name));
    else program.command(entry.name, { hidden: false }).description(entry.summary);
  }
  if (wanted === undefined || wanted === "help") {
    process.stdout.write(program.helpInformation());
    return wanted === "help" ? "done" : "usage";
  }
  await program.parseAsync([...argv]);
  return ended;
}

function addCommand(program: Program, command: Command, context: Context, end: (name: ExitName) => void): void {
  const sub = program.command(command.name).description(command.summary).addHelpText("after", exitHelp(command));
  for (const { name, description, default: value } of command.arguments) {
    // An empty default says only that the argument may be left out.
    sub.argument(value === undefined ? `<${name}>` : `[${name}]`, description, value === "" ? undefined : value);
  }
  for (const option of flags(command.options)) sub.addOption(option);
  sub.action(async (...given: unknown[]) => {
    const args = z.array(z.string().default("")).parse(given.slice(0, command.arguments.length));
    end(await command.run(context, args, parseOptions(command, sub.opts())));
  });
}

/** Throws Problem `usage`, naming the flag. */
function parseOptions(command: Command, given: object): z.infer<Command["options"]> {
  const parsed = command.options.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = String(issue?.path[0] ?? "");
  throw new Problem({
    code: "usage",
    where: flagOf(key),
    what: `${issue?.message.replace(/^Invalid input: /, "").replace(/^./, (letter) => letter.toLowerCase()) ?? "is wrong"}, got ${JSON.stringify(Object.entries(given).find(([name]) => name === key)?.[1])}`,
    fix: `demesne ${command.name} --help`,
  });
}

/** One flag for each key of the options' schema. */
function flags(options: z.ZodObject): Option[] {
  return Object.entries(options.shape).map(([key, schema]) => {
    const flag = flagOf(key);
    const { description = "", placeholder } = schema instanceof z.ZodType ? (schema.meta() ?? {}) : {};
    return new Option(typeof placeholder === "string" ? `${flag} <${placeholder}>` : flag, description);
  });
}

function exitHelp(command: Command): string {
  const lines = command.exits.map((name) => `  ${String(exits[name].code).padStart(3)}  ${exits[name].means}`);
  return `\nExit codes:\n${lines.join("\n")}\n`;
}

function tell(error: unknown, asJson: boolean, command: string | undefined): number {
  if (error instanceof CommanderError) return tellUsage(error, command);
  if (error instanceof Problem) {
    const { code, where, what, fix } = error;
    process.stderr.write(
      asJson ? `${JSON.stringify({ problem: { code, where, what, fix } })}\n` : `${where}: ${what}\nfix: ${fix}\n`,
    );
    return exits[code].code;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${stack}\nThis is a bug in Demesne. Please report it with the lines above.\n`);
  return exits.bug.code;
}

function isCommand(name: string | undefined): boolean {
  return commands.some((each) => each.name === name);
}

function tellUsage(error: CommanderError, command: string | undefined): number {
  // Help and version were asked for: that is no failure.
  if (error.exitCode === 0) return exits.done.code;
  process.stderr.write(
    `${error.message.replace(/^error: /, "")}\nfix: demesne ${isCommand(command) ? `${command} ` : ""}--help\n`,
  );
  return exits.usage.code;
}
