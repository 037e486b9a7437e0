// Starts the programs of the bench as processes of their own, and ends them.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import type { Load, Result } from "./load.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");
const PORTKEY = "1.15.2";
const COMPILER = "cc";

/** Of /proc/PID/stat. */
const TICK_US = 10_000;

/** As the systemd unit runs it. */
const FLAGS = ["--max-semi-space-size=8"];
const ENV = { MALLOC_ARENA_MAX: "2" };

/** Four bodies of 1 MB are no matter; a bench of throughput must not be one of refusals. */
const NO_BYTE_BUDGET = { bodiesBytes: 1_073_741_824 };

export type Side = {
  readonly name: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  /** Resident memory now, and the most it ever was, in MB. */
  readonly residentMb: () => number;
  readonly peakMb: () => number;
  /** Processor time so far, of all its threads, in microseconds. */
  readonly cpuUs: () => number;
};

export class Programs {
  readonly #children: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "demesne-bench-"));

  async upstream(port: number): Promise<Side> {
    return await this.#start("direct", port, [join(HERE, "upstream.ts"), String(port)]);
  }

  /** `isFlushing`: it writes and flushes a record before it forwards. `shim` is preloaded (slow fsync). */
  async bare(port: number, upstream: Side, isFlushing = false, shim?: string): Promise<Side> {
    const argv = [join(HERE, "bare.ts"), String(port), `http://127.0.0.1:${upstream.port}`];
    if (isFlushing) argv.push(join(this.#folder, `bare-journal-${port}`));
    return await this.#start("bare Node + undici", port, argv, preloading(shim));
  }

  /** Portkey's gateway from npm, kept in the user's cache folder. */
  async portkey(port: number, upstream: Side): Promise<Side> {
    const folder = join(homedir(), ".cache/demesne/bench", `portkey-${PORTKEY}`);
    const program = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
    if (!existsSync(program)) {
      mkdirSync(folder, { recursive: true });
      execFileSync("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", `@portkey-ai/gateway@${PORTKEY}`]);
    }
    const side = await this.#start("Portkey", port, [program, `--port=${port}`, "--headless"]);
    const headers = {
      "x-portkey-provider": "anthropic",
      "x-portkey-custom-host": `http://127.0.0.1:${upstream.port}/v1`,
      "x-api-key": "bench",
      authorization: "Bearer bench",
      "anthropic-version": "2023-06-01",
    };
    return { ...side, headers };
  }

  /** This gateway with everything on: key, budget, reservation, audit. `shim` is preloaded (slow fsync). */
  async gateway(port: number, upstream: Side, shim?: string, limits: object = NO_BYTE_BUDGET): Promise<Side> {
    const folder = join(this.#folder, `gateway-${port}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "key"), "bench");
    const config = {
      format: 1,
      listen: `127.0.0.1:${port}`,
      management: join(folder, "management.sock"),
      state: join(folder, "state"),
      limits,
      routes: {
        "claude-bench": {
          upstream: `http://127.0.0.1:${upstream.port}`,
          dialect: "anthropic",
          keyFile: join(folder, "key"),
          model: "claude-sonnet-4-6",
          residency: "global",
        },
      },
    };
    writeFileSync(join(folder, "gateway.yaml"), JSON.stringify(config));
    const argv = [...FLAGS, join(ROOT, "src/gateway/main.js"), "--config", join(folder, "gateway.yaml")];
    const side = await this.#start("demesne", port, argv, { ...ENV, ...preloading(shim) });
    const key = await issueKey(config.management, readFileSync(join(config.state, "master.key"), "utf8").trim());
    return { ...side, model: "claude-bench", headers: { "x-api-key": key } };
  }

  /** A library that makes every fsync take 2 ms longer, or undefined where there is no C compiler. */
  slowSync(): string | undefined {
    const source = join(this.#folder, "slow.c");
    const library = join(this.#folder, "slow.so");
    writeFileSync(
      source,
      `#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slow(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  usleep(2000);
  return real(fd);
}
int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
`,
    );
    try {
      execFileSync(process.env["CC"] ?? COMPILER, ["-shared", "-fPIC", "-o", library, source, "-ldl"], {
        stdio: "ignore",
      });
      return library;
    } catch {
      return undefined;
    }
  }

  async load(side: Side, load: Partial<Load>): Promise<Result> {
    const whole: Load = {
      port: side.port,
      headers: side.headers,
      model: side.model,
      bodyBytes: 1024,
      isStream: false,
      connections: 1,
      seconds: 3,
      ...load,
    };
    const child = spawn(process.execPath, [join(HERE, "load.ts"), JSON.stringify(whole)], {
      stdio: ["ignore", "pipe", "inherit"],
      // A side that does not answer any more must not hold up the whole run.
      timeout: (whole.seconds + 20) * 1000,
      killSignal: "SIGKILL",
    });
    const text = await readText(child.stdout);
    if (text === "") throw new Error(`${side.name} did not come through a load of ${JSON.stringify(load)}`);
    const result: Result = JSON.parse(text);
    return result;
  }

  /** The median of a small write that is brought to the disk, where the gateways keep their books. */
  fsyncMs(): number {
    const file = openSync(join(this.#folder, "fsync"), "w");
    const times = Array.from({ length: 300 }, () => {
      writeSync(file, Buffer.alloc(16_384));
      const before = performance.now();
      fdatasyncSync(file);
      return performance.now() - before;
    });
    closeSync(file);
    return times.sort((a, b) => a - b)[150] ?? 0;
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(name: string, port: number, argv: readonly string[], env: Record<string, string> = {}): Promise<Side> {
    const child = spawn(process.execPath, argv, { stdio: "ignore", env: { ...process.env, ...env } });
    this.#children.push(child);
    await listening(port);
    const memory = (field: string): number => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
    };
    const cpuUs = (): number => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ");
      return (Number(fields[13]) + Number(fields[14])) * TICK_US;
    };
    const [residentMb, peakMb] = [() => memory("VmRSS"), () => memory("VmHWM")];
    return { name, port, headers: {}, model: "bench", residentMb, peakMb, cpuUs };
  }
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function issueKey(socketPath: string, master: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${master}` };
    const request = httpRequest({ socketPath, method: "POST", path: "/key/generate", headers }, (response) => {
      readText(response).then(resolve, reject);
    });
    request.on("error", reject);
    request.end(JSON.stringify({ max_budget: 1_000_000 }));
  });
  return String(JSON.parse(text).key);
}

function preloading(shim: string | undefined): Record<string, string> {
  return shim === undefined ? {} : { LD_PRELOAD: shim };
}
