// Interpreters of other languages: Python, Node, Perl and the rest. Their program is judged like a shell's.
import { argsOf, programOf, readOptions, type Call } from "./call.ts";
import { judgeCode } from "./code.ts";
import { isKnown } from "./field.ts";
import { textOf } from "./files.ts";
import { judgePackageScript } from "./project-scripts.ts";
import { locate } from "./places.ts";
import { report, type Scope } from "./scope.ts";
import { runFile } from "./shell-rules.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

type Language = {
  readonly inline: readonly string[];
  readonly valued?: readonly string[];
  readonly loads?: readonly string[];
};

const LANGUAGES: Record<string, Language> = {
  python: { inline: ["c"], valued: ["m", "W", "X"] },
  pypy: { inline: ["c"], valued: ["m"] },
  node: {
    inline: ["e", "p", "eval", "print", "pe"],
    loads: ["r", "require", "import", "loader"],
    valued: ["C", "conditions", "test-name-pattern", "test-reporter"],
  },
  bun: { inline: ["e", "p", "eval", "print"], loads: ["r", "preload"] },
  deno: { inline: [] },
  tsx: { inline: ["e", "eval"] },
  "ts-node": { inline: ["e", "eval"], loads: ["r", "require"] },
  perl: { inline: ["e", "E"], valued: ["I", "M", "m"] },
  ruby: { inline: ["e"], valued: ["I", "r"] },
  php: { inline: ["r", "B", "R", "E"], valued: ["d"] },
  lua: { inline: ["e"], valued: ["l"] },
  Rscript: { inline: ["e"] },
  osascript: { inline: ["e"] },
  tclsh: { inline: [] },
  expect: { inline: ["c"] },
  groovy: { inline: ["e"] },
  julia: { inline: ["e", "E"] },
  elixir: { inline: ["e"] },
  pwsh: { inline: ["c", "Command", "command"] },
  powershell: { inline: ["c", "Command", "command"] },
};

const language: Rule = (call, scope, tools) => {
  const program = programOf(call);
  const { inline, valued = [], loads = [] } = LANGUAGES[program] ?? { inline: [] };
  const isRunner = /^(deno|bun)$/.test(program);
  const all = argsOf(call).map((arg) => (arg === "-pe" && program === "node" ? "-e" : arg));
  const args = isRunner ? all.slice(all.findIndex((arg) => !/^--(bun|hot|watch|smol|quiet)$/.test(arg))) : all;
  if (isRunner && /^\w+$/.test(args[0] ?? "")) return verb(call, scope, tools);
  const options = readOptions(args, [...inline, ...valued, ...loads]);
  for (const name of loads)
    for (const file of options.values.get(name) ?? []) if (/^[./]/.test(file)) runFile(file, [], scope, tools, "node");
  const texts = inline.flatMap((name) => options.values.get(name) ?? []);
  for (const text of texts) judgeCode(program, text, scope, tools);
  const [file, ...rest] = options.operands;
  const module = program === "python" ? options.values.get("m")?.[0] : undefined;
  if (module !== undefined) {
    pythonModule(module, options.operands, scope, tools);
    return undefined;
  }
  if (
    texts.length > 0 ||
    options.flags.has("version") ||
    options.flags.has("V") ||
    options.flags.has("h") ||
    options.flags.has("help")
  )
    return undefined;
  if (options.flags.has("test") || options.flags.has("check")) return undefined;
  if (file !== undefined && file !== "-" && file !== "/dev/stdin")
    return runFile(withExtension(file, program, scope), rest, scope, tools, program);
  if (call.stdin === undefined) return undefined;
  if (isKnown(call.stdin)) judgeCode(program, call.stdin, scope, tools);
  else report(scope, "deny", "pipe-to-shell", `${program} runs what it is sent, unread`);
  return undefined;
};

/** `node build` runs build.js; `node .` runs what package.json names, index.js by default. */
function withExtension(file: string, program: string, scope: Scope): string {
  if (!/^(node|bun|tsx|ts-node)$/.test(program) || textOf(locate(file, scope), scope) !== undefined) return file;
  const found = [".js", ".mjs", ".cjs", ".ts", "/index.js"].find(
    (end) => textOf(locate(file + end, scope), scope) !== undefined,
  );
  return file + (found ?? "");
}

function verb(call: Call, scope: Scope, tools: Tools): string | undefined {
  const [name, ...rest] = argsOf(call);
  if (name === "eval") judgeCode("node", rest.filter((arg) => !arg.startsWith("-")).join(" "), scope, tools);
  const file = rest.find((arg) => !arg.startsWith("-"));
  if (name === "run" && file !== undefined) {
    if (judgePackageScript(file, scope, tools)) return undefined;
    if (!/^https?:/.test(file)) return runFile(file, [], scope, tools, "node");
    report(scope, "deny", "pipe-to-shell", "runs a program straight from the network");
  }
  return undefined;
}

function pythonModule(module: string, operands: readonly string[], scope: Scope, tools: Tools): void {
  if (/^(http\.server|SimpleHTTPServer|pyftpdlib|smtpd)$/.test(module))
    report(scope, "ask", "serve", "serves the folder's files over the network");
  if (
    /^(pdb|cProfile|trace|runpy|profile|coverage)$/.test(module) &&
    operands[0] !== undefined &&
    operands[0].endsWith(".py")
  ) {
    runFile(operands[0], operands.slice(1), scope, tools, "python");
  }
}

export const languageRules: Rules = Object.fromEntries(Object.keys(LANGUAGES).map((name) => [name, language]));
