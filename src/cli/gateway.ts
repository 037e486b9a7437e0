// demesne gateway: runs the gateway here, and says how a client is pointed at it.
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { callManagement, loadConfig, readKey, startGateway, systemdUnit, writeFirstConfig } from "../gateway/index.ts";
import { Problem } from "../lib/problem.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { listenAddress, workerUrl } from "./gateway-flags.ts";

const GatewayOptions = z.strictObject({
  config: z.string().optional().meta({ description: "the gateway's configuration", placeholder: "file" }),
  keyFile: z
    .string()
    .optional()
    .meta({ description: "without a configuration: file with Anthropic's key", placeholder: "file" }),
  worker: z
    .string()
    .optional()
    .meta({ description: "without a configuration: a local worker's base URL", placeholder: "url" }),
  workerModel: z
    .string()
    .default("default")
    .meta({ description: "what the worker calls its model", placeholder: "name" }),
  listen: z
    .string()
    .default("127.0.0.1:4100")
    .meta({ description: "without a configuration: where to listen", placeholder: "address" }),
  systemd: z.boolean().optional().meta({ description: "print a systemd unit that runs it here, and do nothing else" }),
});
type Options = z.infer<typeof GatewayOptions>;

export const gateway = command({
  name: "gateway",
  summary: "run the gateway here and print how to point a client at it",
  arguments: [],
  options: GatewayOptions,
  exits: ["done", "usage", "prerequisite", "secret"],
  run: runGateway,
});

/** Where a gateway that was started without a configuration keeps its things, and where `keys` looks for it. */
export function gatewayFolder(): string {
  const base = process.env["XDG_STATE_HOME"] ?? "";
  // As the XDG specification has it: a path that is not absolute is as good as none.
  return join(isAbsolute(base) ? base : join(homedir(), ".local/state"), "demesne/gateway");
}

async function runGateway(context: Context, _args: readonly string[], options: Options): Promise<ExitName> {
  if (options.systemd === true) {
    context.out(unit());
    return "done";
  }
  process.umask(0o077);
  const config = loadConfig(options.config ?? firstConfig(options));
  const effects = {
    clock: { now: () => Date.now() },
    random: { bytes: (size: number) => randomBytes(size) },
    log: (entry: object) => void process.stderr.write(`${JSON.stringify(entry)}\n`),
  };
  const running = await startGateway(effects, config);
  try {
    const management = {
      socket: config.management,
      masterKey: readKey(config.masterKeyFile ?? join(config.state, "master.key")),
    };
    const issued = await callManagement(management, {
      method: "POST",
      path: "/key/generate",
      body: { duration: "30d" },
      signal: context.signal,
    });
    context.out(howTo(`http://${config.listen}`, String(issued["key"]), [...config.live.keys()]));
    await stopped(context.signal);
  } finally {
    await running.stop();
  }
  return "done";
}

/** Throws Problem when the unit could not read its own program. */
function unit(): string {
  const paths = { node: process.execPath, program: join(import.meta.dirname, "../gateway/main.js") };
  const hidden = Object.values(paths).find((path) => /^\/(home|root)\//.test(path));
  if (hidden === undefined) return systemdUnit(paths);
  throw new Problem({
    code: "prerequisite",
    where: hidden,
    what: "is in a home folder, which the unit's user cannot see",
    fix: "install Demesne and Node outside /home and /root (in /opt, for one), and run this command from there",
  });
}

function firstConfig(options: Options): string {
  if (options.keyFile === undefined && options.worker === undefined) {
    throw new Problem({
      code: "usage",
      where: "demesne gateway",
      what: "has no upstream",
      fix: "demesne gateway --key-file FILE (Anthropic's key), or --worker http://127.0.0.1:8000, or --config FILE",
    });
  }
  return writeFirstConfig({
    folder: gatewayFolder(),
    listen: listenAddress(options.listen),
    keyFile: options.keyFile === undefined ? undefined : resolve(options.keyFile),
    worker: options.worker === undefined ? undefined : { url: workerUrl(options.worker), model: options.workerModel },
  });
}

function howTo(url: string, key: string, models: readonly string[]): string {
  return `The gateway runs. This key is shown once and lives for 30 days:

  Claude Code   export ANTHROPIC_BASE_URL=${url} ANTHROPIC_AUTH_TOKEN=${key}
                export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
  OpenAI SDK    export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${key}

  models        ${models.join(", ")}
  more keys     demesne keys issue NAME --budget 5 --period 1mo

Ctrl-C stops it; streams under way may finish.
`;
}

async function stopped(signal: AbortSignal): Promise<void> {
  await new Promise<void>((done) => {
    signal.addEventListener("abort", () => done(), { once: true });
  });
}
