// How a client is pointed at the gateway that `demesne gateway` runs, as lines of text to copy.
import type { FirstKey } from "../first-key.ts";

export type Running = {
  readonly url: string;
  readonly key: FirstKey;
  /** Aliases with whether a hosted model answers to them. */
  readonly routes: readonly { readonly alias: string; readonly isHosted: boolean; readonly isChat: boolean }[];
  readonly config: string;
  /** What `demesne keys` has to be told to find this gateway: nothing where it would anyway. */
  readonly keysFlags: string;
  readonly name: string;
};

export function renderRunning({ url, key, routes, config, keysFlags, name }: Running): string {
  const secret = key.key ?? "YOUR_KEY";
  const local = routes.find(({ isHosted, isChat }) => !isHosted && isChat)?.alias;
  const hasHosted = routes.some(({ isHosted }) => isHosted);
  const claudeCode = [
    `export ANTHROPIC_BASE_URL=${url} ANTHROPIC_AUTH_TOKEN=${secret}`,
    "export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
    // Claude Code asks for Claude's own names, which no worker has.
    ...(local === undefined || hasHosted ? [] : claudeModels(local)),
    ...(local === undefined || !hasHosted ? [] : [`claude --model ${local}   (the local model)`]),
  ];
  return `The gateway runs, as ${config} says. ${keyLine(key, `demesne keys${keysFlags} rotate ${name}`)}

  Claude Code   ${claudeCode.join("\n                ")}
  OpenAI SDK    export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${secret}

  models        ${routes.map(({ alias }) => alias).join(", ")}
  more keys     demesne keys${keysFlags} issue NAME --budget 5 --period 1mo

Ctrl-C stops it; streams under way may finish. A second one does not wait for them.
`;
}

function claudeModels(alias: string): string[] {
  return [
    `export ANTHROPIC_MODEL=${alias} ANTHROPIC_DEFAULT_OPUS_MODEL=${alias}`,
    `export ANTHROPIC_DEFAULT_SONNET_MODEL=${alias} ANTHROPIC_DEFAULT_HAIKU_MODEL=${alias}`,
  ];
}

function keyLine({ key, shown, expires, blocked }: FirstKey, rotate: string): string {
  const until = expires === null ? "for ever" : `until ${expires.slice(0, 10)}`;
  if (key !== undefined) return `This key is shown once and lives ${until}:`;
  if (blocked) return `The key of its first start (${shown}) is blocked. Issue another, as below.`;
  return `The key of its first start (${shown}) still lives, ${until}.
Where it is lost, a new one in its place: ${rotate}`;
}
