// Programs that run another command: sudo, timeout, npx. What they run is judged as if it stood alone.
import { argsOf, programOf, type Call } from "./call.ts";
import { report, type Scope } from "./scope.ts";
import type { Tools } from "./rule.ts";

type Wrapper = {
  /** Options that take the next argument. */
  readonly valued?: readonly string[];
  /** Operands of its own before the command. */
  readonly own?: number;
  /** What running through it means, to be asked about. */
  readonly asks?: string;
};

const WRAPPERS: Record<string, Wrapper> = {
  command: {},
  builtin: {},
  exec: { valued: ["a"] },
  nohup: {},
  setsid: {},
  noglob: {},
  time: { valued: ["f", "o", "format", "output"] },
  nice: { valued: ["n", "adjustment"] },
  ionice: { valued: ["c", "n", "class", "classdata"] },
  chrt: { valued: ["T", "P", "D"], own: 1 },
  taskset: { valued: ["c"], own: 1 },
  timeout: { valued: ["k", "s", "kill-after", "signal"], own: 1 },
  gtimeout: { valued: ["k", "s", "kill-after", "signal"], own: 1 },
  stdbuf: { valued: ["i", "o", "e"] },
  unbuffer: {},
  caffeinate: { valued: ["t", "w"] },
  busybox: {},
  toybox: {},
  "dbus-run-session": {},
  "xvfb-run": { valued: ["n", "s", "e", "f"] },
  faketime: { own: 1 },
  torify: {},
  torsocks: {},
  proxychains: { valued: ["f"] },
  rlwrap: {},
  cpulimit: { valued: ["l", "p"] },
  choom: { valued: ["n"] },
  strace: { valued: ["e", "o", "p", "s", "u"] },
  ltrace: { valued: ["e", "o", "p", "s", "u"] },
  perf: { own: 1 },
  unshare: { valued: ["S", "G", "R", "w"] },
  setarch: {},
  bwrap: { own: 0 },
  sudo: {
    valued: ["u", "g", "h", "p", "C", "D", "R", "T", "U", "user", "group", "chdir", "chroot"],
    asks: "runs as another user",
  },
  doas: { valued: ["u", "C"], asks: "runs as another user" },
  pkexec: { valued: ["user"], asks: "runs as another user" },
  runuser: { valued: ["u", "g", "G"], asks: "runs as another user" },
  setpriv: { valued: ["reuid", "regid"], asks: "runs with other rights" },
  gosu: { own: 1, asks: "runs as another user" },
  chroot: { own: 1, asks: "runs in another root" },
  nsenter: { valued: ["t", "S", "G", "w", "r"], asks: "enters another namespace" },
  "systemd-run": { valued: ["p", "u", "E", "M", "unit", "property"], asks: "runs outside this session" },
  npx: { valued: ["p", "package", "w"] },
  bunx: { valued: ["p"] },
  uvx: { valued: ["from", "with"] },
  pipx: { own: 1 },
  cpx: {},
};

/** `pnpm dlx x`, `poetry run x`: the verb stands before the command. */
const RUNNERS: Record<string, RegExp> = {
  pnpm: /^(dlx|exec)$/,
  yarn: /^(dlx|exec)$/,
  npm: /^(exec|x)$/,
  bun: /^x$/,
  poetry: /^run$/,
  pipenv: /^run$/,
  uv: /^run$/,
  hatch: /^run$/,
  bundle: /^exec$/,
  mise: /^(exec|x)$/,
  asdf: /^exec$/,
  direnv: /^exec$/,
  devbox: /^run$/,
  nix: /^(run|shell|develop)$/,
  conda: /^run$/,
  rbenv: /^exec$/,
  pyenv: /^exec$/,
};

/** The command inside a wrapper; undefined when there is none. */
function unwrap(call: Call): { readonly argv: readonly string[]; readonly asks: string | undefined } | undefined {
  const program = programOf(call);
  const wrapper = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program] : undefined;
  if (wrapper !== undefined) {
    const argv = afterOptions(argsOf(call), wrapper.valued ?? [], wrapper.own ?? 0);
    return { argv, asks: wrapper.asks };
  }
  const verb = Object.hasOwn(RUNNERS, program) ? RUNNERS[program] : undefined;
  const [first = "", ...rest] = argsOf(call);
  if (verb === undefined || !verb.test(first)) return undefined;
  const argv = afterOptions(rest, ["n", "p", "package", "name"], program === "direnv" ? 1 : 0);
  return { argv: argv[0] === "--" ? argv.slice(1) : argv, asks: undefined };
}

export function afterOptions(args: readonly string[], valued: readonly string[], own: number): readonly string[] {
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      at += 1;
      break;
    }
    if (/^[A-Za-z_]\w*=/.test(arg)) continue;
    if (!arg.startsWith("-") || arg === "-") break;
    const name = arg.replace(/^--?/, "");
    if (valued.includes(name) || (!arg.startsWith("--") && valued.includes(name.slice(-1)) && name.length <= 3))
      at += 1;
  }
  return args.slice(at + own);
}

export function judgeWrapped(call: Call, scope: Scope, tools: Tools): string | undefined {
  const wrapped = unwrap(call);
  if (wrapped === undefined) return undefined;
  if (wrapped.asks !== undefined) report(scope, "ask", "elevated", `${programOf(call)} ${wrapped.asks}`);
  const isLookup = programOf(call) === "command" && /^-[pvV]*[vV]/.test(argsOf(call)[0] ?? "");
  if (wrapped.argv.length === 0 || isLookup) return "";
  return tools.call({ argv: wrapped.argv, stdin: call.stdin }, scope);
}
