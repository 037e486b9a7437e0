// The command line as two pages, from the command objects themselves: what each takes, and what each exit code means.
import { z } from "zod";
import type { Argument, Command } from "../src/cli/command.ts";
import { commands } from "../src/cli/commands.ts";
import { exits, type ExitName } from "../src/cli/exit.ts";
import type { Page } from "./generate.ts";

const MARK = "<!-- Generated from the commands by `npm run generate`; do not edit. -->";

export async function commandPages(): Promise<readonly Page[]> {
  const loaded = await Promise.all(commands.map(async (entry) => await entry.load()));
  return [
    { path: "docs/reference/commands.md", text: commandPage(loaded) },
    { path: "docs/reference/exit-codes.md", text: exitPage(loaded) },
  ];
}

function commandPage(loaded: readonly Command[]): string {
  const rows = loaded.map(({ name, summary }) => `| [\`${name}\`](#demesne-${name}) | ${summary} |`);
  return [
    MARK,
    "# Commands",
    "`demesne` stands for `npm run --silent demesne --`, or for `src/cli/demesne.js` run by the project's own Node.",
    table(["command", "what it does"], rows),
    ...loaded.flatMap(section),
    "",
  ].join("\n\n");
}

function section(command: Command): string[] {
  const usage = ["demesne", command.name, "[options]", ...command.arguments.map(placeholder)].join(" ");
  const given = command.arguments.map((each) => `| \`${placeholder(each)}\` | ${cell(said(each))} |`);
  const options = Object.entries(command.options.shape).map(([key, schema]) => option(key, schema));
  const codes = command.exits.map((name) => `| ${exits[name].code} | ${exits[name].means} |`);
  return [
    `## demesne ${command.name}`,
    sentence(command.summary),
    `\`\`\`\n${usage}\n\`\`\``,
    table(["argument or option", "meaning"], [...given, ...options]),
    table(["exit code", "meaning"], codes),
  ];
}

function placeholder({ name, default: value }: Argument): string {
  return value === undefined ? `<${name}>` : `[${name}]`;
}

function said({ description, default: value }: Argument): string {
  return value === undefined || value === "" ? description : `${description} (default \`${value}\`)`;
}

/** As program.ts makes flags of the keys. */
function option(key: string, schema: unknown): string {
  const flag = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const { description = "", placeholder: value } = schema instanceof z.ZodType ? (schema.meta() ?? {}) : {};
  return `| \`${typeof value === "string" ? `${flag} <${value}>` : flag}\` | ${cell(description)} |`;
}

function exitPage(loaded: readonly Command[]): string {
  const names = Object.keys(exits).filter(isExitName);
  const rows = names.map((name) => {
    const users = loaded.filter((each) => each.exits.includes(name)).map((each) => `\`${each.name}\``);
    return `| ${exits[name].code} | ${exits[name].means} | ${name === "bug" ? "any" : users.join(", ")} |`;
  });
  return [
    MARK,
    "# Exit codes",
    "One table for all commands. A code that no command names belongs to one that is not there yet.",
    table(["code", "meaning", "commands"], rows),
    "",
  ].join("\n\n");
}

function isExitName(name: string): name is ExitName {
  return name in exits;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(" | ")} |`, `| ${head.map(() => "---").join(" | ")} |`, ...rows].join("\n");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
