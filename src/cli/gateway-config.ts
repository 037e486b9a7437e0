// Which configuration `demesne gateway` runs: the one that is named, the one that is there, or a first one from the flags.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { firstConfig, loadConfig, readKey } from "../gateway/index.ts";
import { Problem } from "../lib/problem.ts";
import type { Context } from "./command.ts";
import { listenAddress, workerUrl } from "./gateway-flags.ts";
import { namedModel, onlyModel, type WorkerModel } from "./worker-model.ts";

export type ConfigFlags = {
  readonly config?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly worker?: string | undefined;
  readonly workerModel?: string | undefined;
  readonly listen?: string | undefined;
};

export type ChosenConfig = {
  readonly file: string;
  readonly loaded: LoadedConfig;
  /** Writes the file where there is none yet. Throws Problem. Only for whoever has the state folder's lock. */
  readonly keep: () => void;
};

type LoadedConfig = ReturnType<typeof loadConfig>;

/** Throws Problem when there is none, when flags say otherwise than the file that is there, or the worker does not answer. */
export async function chooseConfig(context: Context, folder: string, flags: ConfigFlags): Promise<ChosenConfig> {
  const file = flags.config ?? join(folder, "gateway.yaml");
  const asked = normal(flags);
  if (flags.config !== undefined || existsSync(file)) {
    const loaded = loadConfig(file);
    const orElse = flags.config === undefined ? ", or move it away: then a new one is written from the flags" : "";
    refuseContradiction(loaded, asked, { file, orElse });
    return { file, loaded, keep: () => {} };
  }
  if (asked.worker === undefined && asked.keyFile === undefined) {
    throw new Problem({
      code: "usage",
      where: "demesne gateway",
      what: "has no upstream",
      fix: "demesne gateway --key-file FILE (Anthropic's key), or --worker http://127.0.0.1:8000, or --config FILE",
    });
  }
  if (asked.keyFile !== undefined)
    readKey(asked.keyFile, `put Anthropic's key into this file, or name another with --key-file`);
  const { listen, keyFile, worker: url } = asked;
  const worker = url === undefined ? undefined : { url, ...(await modelOf(context, url, asked.workerModel)) };
  const text = firstConfig({ folder, listen, keyFile, worker });
  return { file, loaded: loadConfig(file, text), keep: () => write(file, text) };
}

/** As the configuration has them. Throws Problem for what is no place, and for a model of no worker. */
function normal({ keyFile, worker, workerModel, listen }: ConfigFlags): Omit<ConfigFlags, "config"> {
  if (workerModel !== undefined && worker === undefined) {
    throw new Problem({
      code: "usage",
      where: "--worker-model",
      what: "names a model of no worker",
      fix: `--worker URL --worker-model ${workerModel}`,
    });
  }
  return {
    keyFile: keyFile === undefined ? undefined : resolve(keyFile),
    worker: worker === undefined ? undefined : workerUrl(worker),
    workerModel,
    listen: listen === undefined ? undefined : listenAddress(listen),
  };
}

async function modelOf({ signal, progress }: Context, url: string, name: string | undefined) {
  const { name: model, contextTokens }: WorkerModel =
    name === undefined
      ? await onlyModel(url, signal)
      : await namedModel(url, name, { signal, warn: (text) => progress.step(`warning: ${text}`) });
  return { model, contextTokens };
}

/** What is in the file counts; a flag that says the same is welcome. Throws Problem for one that does not. */
function refuseContradiction(
  { listen, live }: LoadedConfig,
  asked: Omit<ConfigFlags, "config">,
  { file, orElse }: { readonly file: string; readonly orElse: string },
): void {
  const routes = [...live.values()];
  const there = routes.filter(({ origin, path }) => asked.worker === undefined || origin + path === asked.worker);
  const contradictions = {
    "--listen": asked.listen !== undefined && asked.listen !== listen && `has ${listen}, not ${asked.listen}`,
    "--worker": asked.worker !== undefined && there.length === 0 && `has no route to ${asked.worker}`,
    "--worker-model":
      asked.workerModel !== undefined &&
      !there.some(({ model }) => model === asked.workerModel) &&
      `has no route to ${asked.worker} for the model ${asked.workerModel}`,
    "--key-file":
      asked.keyFile !== undefined &&
      !routes.some((route) => route.keyFile === asked.keyFile) &&
      `has no route with the key file ${asked.keyFile}`,
  };
  for (const [flag, what] of Object.entries(contradictions)) {
    if (what === false) continue;
    throw new Problem({
      code: "usage",
      where: flag,
      what: `the configuration that is there, ${file}, ${what}`,
      fix: `leave ${flag} out, or edit ${file}${orElse}`,
    });
  }
}

/** Never over what is there. */
function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: `cannot be written (${reason})`,
      fix: "let this user write there, or name another folder: XDG_STATE_HOME=FOLDER demesne gateway ...",
      cause,
    });
  }
}
