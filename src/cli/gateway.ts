// demesne gateway: runs the gateway here, and says how a client is pointed at it.
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import type { AddressInfo } from "node:net";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { readKey, startGateway, systemdUnit } from "../gateway/index.ts";
import { Problem } from "../lib/problem.ts";
import { command, type Context } from "./command.ts";
import { exits, type ExitName } from "./exit.ts";
import { FIRST_KEY, firstKey } from "./first-key.ts";
import { chooseConfig } from "./gateway-config.ts";
import { renderRunning } from "./render/gateway.ts";

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
    .min(1)
    .optional()
    .meta({ description: "what the worker calls its model; asked of the worker when left out", placeholder: "name" }),
  listen: z
    .string()
    .optional()
    .meta({ description: "without a configuration: where to listen, else 127.0.0.1:4100", placeholder: "address" }),
  systemd: z.boolean().optional().meta({ description: "print a systemd unit that runs it here, and do nothing else" }),
});
type Options = z.infer<typeof GatewayOptions>;

export const gateway = command({
  name: "gateway",
  summary: "run the gateway here and print how to point a client at it",
  arguments: [],
  options: GatewayOptions,
  exits: ["done", "usage", "prerequisite", "unreachable", "secret", "interrupted"],
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
  endAtSecondSignal(context.signal);
  const { file, loaded, keep } = await chooseConfig(context, gatewayFolder(), options);
  const running = await startGateway(effects, loaded);
  try {
    // Not before: whoever starts a second gateway, or one that cannot have its port, leaves nothing behind.
    keep();
    const masterKeyFile = loaded.masterKeyFile ?? join(loaded.state, "master.key");
    const management = { socket: loaded.management, masterKey: readKey(masterKeyFile) };
    const key = await firstKey(management, { signal: context.signal, now: effects.clock.now() });
    const routes = [...loaded.live.values()].map(({ alias, residency, dialect }) => ({
      alias,
      isHosted: residency !== "local",
      isChat: dialect === "openai",
    }));
    const keysFlags = flagsFor(loaded.management, masterKeyFile);
    context.out(renderRunning({ url: urlOf(running.address), key, routes, config: file, keysFlags, name: FIRST_KEY }));
    await stopped(context.signal);
    if (running.inFlight() > 0) context.progress.step("stopping: running requests may finish; Ctrl-C ends them now");
  } finally {
    await running.stop();
  }
  return "done";
}

const effects = {
  clock: { now: () => Date.now() },
  random: { bytes: (size: number) => randomBytes(size) },
  log: (entry: object) =>
    void process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`),
};

/** As a client on this machine reaches it: the port is known now, also where 0 was asked for. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://127.0.0.1:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** What `demesne keys` has to be told about a gateway that is not where it looks. */
function flagsFor(socket: string, masterKeyFile: string): string {
  const own = keysPlaces();
  return [
    ...(socket === own.socket ? [] : [` --socket ${socket}`]),
    ...(masterKeyFile === own.masterKeyFile ? [] : [` --master-key ${masterKeyFile}`]),
  ].join("");
}

/** Where `demesne keys` looks when it is told nothing. */
export function keysPlaces(): { readonly socket: string; readonly masterKeyFile: string } {
  const folder = gatewayFolder();
  return { socket: join(folder, "management.sock"), masterKeyFile: join(folder, "state/master.key") };
}

/** Throws Problem when the unit could not read its own program. */
function unit(): string {
  const paths = { node: process.execPath, program: join(import.meta.dirname, "../gateway/main.js") };
  const hidden = Object.values(paths).find((path) => /^\/(home|root|tmp|var\/tmp)\//.test(path));
  if (hidden === undefined) return systemdUnit(paths);
  throw new Problem({
    code: "prerequisite",
    where: hidden,
    what: "is in a folder that the unit's user cannot see",
    fix: "install Demesne and Node outside /home, /root and /tmp (in /opt, for one), and run this command from there",
  });
}

/** npm passes a Ctrl-C on that the terminal has already given to the whole group: that is one, not two. */
const SAME_PRESS_MS = 300;

/** What is under way then is charged at the next start, as after a crash. */
function endAtSecondSignal(signal: AbortSignal): void {
  signal.addEventListener("abort", () => {
    const first = effects.clock.now();
    const end = (): void => {
      if (effects.clock.now() - first >= SAME_PRESS_MS) process.exit(exits.interrupted.code);
    };
    process.on("SIGINT", end).on("SIGTERM", end);
  });
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((done) => {
    signal.addEventListener("abort", () => done(), { once: true });
  });
}
