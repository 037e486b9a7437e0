// demesne keys: virtual keys of a running gateway, over its management socket.
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { command, flagOf, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { callGateway } from "./keys-call.ts";
import { renderKey, renderKeys } from "./render/virtual-keys.ts";

const KeysOptions = z.strictObject({
  socket: z.string().optional().meta({ description: "the gateway's management socket", placeholder: "path" }),
  masterKey: z.string().optional().meta({ description: "file with the gateway's master key", placeholder: "file" }),
  models: z.string().optional().meta({ description: "issue: only these aliases, with commas", placeholder: "aliases" }),
  budget: z.string().optional().meta({ description: "issue: most it may spend", placeholder: "USD" }),
  period: z
    .string()
    .optional()
    .meta({ description: "issue: the budget's period: 1d, 7d, 1mo", placeholder: "duration" }),
  expires: z.string().optional().meta({ description: "issue: its life: 12h, 30d", placeholder: "duration" }),
  user: z.string().optional().meta({ description: "issue: the user who pays too", placeholder: "id" }),
  modelBudget: z.string().optional().meta({
    description: "issue: for single models, ALIAS=USD or ALIAS=USD/PERIOD, with commas",
    placeholder: "limits",
  }),
  organization: z.string().optional().meta({ description: "issue: the organisation that pays too", placeholder: "id" }),
  team: z.string().optional().meta({ description: "issue: the team that pays too", placeholder: "id" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});
type Options = z.infer<typeof KeysOptions>;

export const keys = command({
  name: "keys",
  summary: "issue, list, show, revoke, rotate: the gateway's virtual keys",
  arguments: [
    { name: "verb", description: "issue | list | show | revoke | rotate" },
    { name: "name", description: "the key's name, or its hash; never the key itself", default: "" },
  ],
  options: KeysOptions,
  exits: ["done", "usage", "unreachable", "refused", "secret", "interrupted"],
  run: runKeys,
});

async function runKeys(
  context: Context,
  [verb = "", name = ""]: readonly string[],
  options: Options,
): Promise<ExitName> {
  const run = VERBS.get(verb);
  if (run === undefined)
    throw usage("demesne keys", `${JSON.stringify(verb)} is not a verb`, `one of: ${[...VERBS.keys()].join(", ")}`);
  refuseUseless(verb, name, options);
  if (verb !== "list" && name === "")
    throw usage(`demesne keys ${verb}`, "no key is named", `demesne keys ${verb} NAME`);
  if (name.startsWith("sk-")) {
    throw usage(
      `demesne keys ${verb}`,
      "a key on the command line can be read by others",
      "name it by its name or hash (demesne keys list)",
    );
  }
  const { answer, text } = await run(context, options, name);
  context.out(options.json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : text);
  return "done";
}

/** Of every verb; all others are issue's. */
const SHARED = new Set(["socket", "masterKey", "json"]);

/** Throws Problem for what the verb would not heed: whoever says it expects something of it. */
function refuseUseless(verb: string, name: string, options: Options): void {
  if (verb === "list" && name !== "") throw usage("demesne keys list", "takes no name", `demesne keys show ${name}`);
  const [useless] = Object.entries(options).flatMap(([key, value]) =>
    value === undefined || SHARED.has(key) ? [] : [key],
  );
  if (verb !== "issue" && useless !== undefined) {
    throw usage(flagOf(useless), `is for issue, and changes nothing about ${verb}`, "leave it out");
  }
  if (options.period !== undefined && options.budget === undefined) {
    throw usage("--period", "is the period of a budget, and there is none", `--budget USD --period ${options.period}`);
  }
}

function usage(where: string, what: string, fix: string): Problem {
  return new Problem({ code: "usage", where, what, fix });
}

type Told = { readonly answer: object; readonly text: string };
type Verb = (context: Context, options: Options, name: string) => Promise<Told>;

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["issue", issue],
  ["list", list],
  ["show", show],
  ["revoke", revoke],
  ["rotate", rotate],
]);

async function issue(context: Context, options: Options, name: string): Promise<Told> {
  const answer = await callGateway(context, options, {
    command: `demesne keys issue ${name}`,
    method: "POST",
    path: "/key/generate",
    body: {
      key_alias: name,
      ...(options.models === undefined ? {} : { models: listed("--models", options.models) }),
      ...(options.budget === undefined ? {} : { max_budget: amount("--budget", options.budget) }),
      ...(options.period === undefined ? {} : { budget_duration: options.period }),
      ...(options.expires === undefined ? {} : { duration: options.expires }),
      ...(options.user === undefined ? {} : { user_id: options.user }),
      ...(options.team === undefined ? {} : { team_id: options.team }),
      ...(options.organization === undefined ? {} : { organization_id: options.organization }),
      ...(options.modelBudget === undefined ? {} : { model_max_budget: modelBudgets(options.modelBudget) }),
    },
  });
  // The only time it is shown.
  return { answer, text: `${String(answer["key"])}\n` };
}

/** What stands between commas. Throws Problem when that is nothing. */
function listed(flag: string, text: string): string[] {
  const all = text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  if (all.length > 0) return all;
  throw usage(flag, "holds nothing", `${flag} ONE,OTHER, or leave it out`);
}

/** Budgets are kept in micro-dollars. Throws Problem for what is none: an empty variable of a shell is not a budget of nothing. */
function amount(flag: string, text: string): number {
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw usage(flag, `${JSON.stringify(text)} is no amount`, `${flag} 5 or ${flag} 0.25 (dollars, to the micro-dollar)`);
}

function modelBudgets(text: string): object {
  const wanted = listed("--model-budget", text);
  const names = wanted.map((one) => one.split("=")[0]?.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usage("--model-budget", `names ${twice} twice`, "one budget a model");
  return Object.fromEntries(
    wanted.map((one) => {
      const [, alias = "", usd, period] = /^([^=\s]+)\s*=\s*(\d+(?:\.\d+)?)(?:\/(\w+))?$/.exec(one) ?? [];
      if (usd === undefined)
        throw usage("--model-budget", `${JSON.stringify(one)} is no limit`, "ALIAS=USD or ALIAS=USD/1mo");
      return [alias, { budget_limit: Number(usd), ...(period === undefined ? {} : { time_period: period }) }];
    }),
  );
}

const Page = z.object({ keys: z.array(z.unknown()), total_pages: z.number() });

async function list(context: Context, options: Options): Promise<Told> {
  const all: unknown[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = Page.parse(
      await callGateway(context, options, {
        command: "demesne keys list",
        method: "GET",
        path: `/key/list?page=${page}&size=100`,
      }),
    );
    all.push(...answer.keys);
    pages = answer.total_pages;
  }
  const answer = { keys: all, total_count: all.length, current_page: 1, total_pages: 1 };
  return { answer, text: renderKeys(all, Date.now()) };
}

async function show(context: Context, options: Options, name: string): Promise<Told> {
  const answer = await callGateway(context, options, {
    command: `demesne keys show ${name}`,
    method: "GET",
    path: `/key/info?key=${encodeURIComponent(name)}`,
  });
  return { answer, text: renderKey(answer["info"], Date.now()) };
}

async function revoke(context: Context, options: Options, name: string): Promise<Told> {
  const answer = await callGateway(context, options, {
    command: `demesne keys revoke ${name}`,
    method: "POST",
    path: "/key/delete",
    body: { keys: [name] },
  });
  return { answer, text: `${name} is revoked; its running requests were ended\n` };
}

async function rotate(context: Context, options: Options, name: string): Promise<Told> {
  const answer = await callGateway(context, options, {
    command: `demesne keys rotate ${name}`,
    method: "POST",
    path: "/key/regenerate",
    body: { key: name },
  });
  return { answer, text: `${String(answer["key"])}\n` };
}
