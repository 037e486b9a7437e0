// How `demesne keys` reaches a gateway; and what is told where it does not, in words of the command line.
import { existsSync } from "node:fs";
import { callManagement, readKey } from "../gateway/index.ts";
import { Problem } from "../lib/problem.ts";
import type { Context } from "./command.ts";
import { keysPlaces } from "./gateway.ts";

export type KeysCall = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  /** The command as it was called, without flags: `demesne keys show ui`. */
  readonly command: string;
};

export type KeysPlaces = { readonly socket?: string | undefined; readonly masterKey?: string | undefined };

type Answer = Awaited<ReturnType<typeof callManagement>>;

/** The gateway's answer. Throws Problem that names the flag, the file or the key that is wrong. */
export async function callGateway(context: Context, places: KeysPlaces, call: KeysCall): Promise<Answer> {
  const { command, ...request } = call;
  const { socket, masterKeyFile } = placesOf(places);
  const masterKey = readKey(masterKeyFile, MASTER_KEY_FIX);
  try {
    return await callManagement({ socket, masterKey }, { ...request, signal: context.signal });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "usage") throw askedWrongly(error, command);
    if (error.code !== "secret") throw error;
    throw new Problem({
      code: "secret",
      where: masterKeyFile,
      what: `does not hold the master key of the gateway at ${socket}`,
      fix: MASTER_KEY_FIX,
      cause: error,
    });
  }
}

const MASTER_KEY_FIX =
  "--master-key FILE: what masterKeyFile says in the gateway's configuration, else master.key in its state folder";

/** Throws Problem where nothing says where the gateway is. */
function placesOf({ socket, masterKey }: KeysPlaces): ReturnType<typeof keysPlaces> {
  const own = keysPlaces();
  const places = { socket: socket ?? own.socket, masterKeyFile: masterKey ?? own.masterKeyFile };
  if (masterKey !== undefined || existsSync(own.masterKeyFile)) return places;
  if (socket !== undefined) {
    throw new Problem({
      code: "usage",
      where: "--socket",
      what: "needs the master key beside it",
      fix: MASTER_KEY_FIX,
    });
  }
  throw new Problem({
    code: "unreachable",
    where: own.socket,
    what: "no gateway has been started here by this user",
    fix: "demesne gateway --worker URL, or --socket PATH --master-key FILE for one that runs elsewhere",
  });
}

/** The field that the gateway names, to the flag that fills it and one that would do. */
const FLAGS: Readonly<Record<string, readonly [flag: string, fix: string]>> = {
  models: ["--models", "--models ALIAS,ALIAS"],
  max_budget: ["--budget", "--budget 5"],
  budget_duration: ["--period", "--period 1mo"],
  duration: ["--expires", "--expires 30d"],
  user_id: ["--user", "--user ID"],
  team_id: ["--team", "--team ID, of a team that is there (POST /team/new makes one)"],
  organization_id: ["--organization", "--organization ID, of one that is there (POST /organization/new makes one)"],
  model_max_budget: ["--model-budget", "--model-budget ALIAS=5/1mo"],
};

/** `budget_duration: should be ...` is about --period; what names no such field is about the key. */
function askedWrongly(error: Problem, command: string): Problem {
  const [, field = "", what = ""] = /^([a-z_]+)(?:\/\S*)?: (.*)$/s.exec(error.what) ?? [];
  const [flag, fix] = FLAGS[field] ?? [];
  return new Problem({
    code: "usage",
    where: flag ?? command,
    what: flag === undefined ? error.what.replace(/^(?:key_alias|keys?): /, "") : what,
    fix: fix ?? "demesne keys list tells names and hashes",
    cause: error,
  });
}
