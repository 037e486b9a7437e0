// Values back into a chat answer, whole or as chunks.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { reasoningOf, saidIn } from "../said.ts";
import type { Restorer } from "./restorer.ts";
import { restoredText, textRestorer, ToolArguments, type Returning } from "./tool-arguments.ts";

/** What a model says: no field of these is signed. */
const TEXTS = ["content", "refusal", "reasoning_content", "reasoning"] as const;

export function restoredChat(answer: JsonObject, returning: Returning): JsonObject {
  const { choices } = answer;
  if (!Array.isArray(choices)) return answer;
  return {
    ...answer,
    choices: choices.map((choice: unknown) => (isObject(choice) ? whole(uncounted(choice), returning) : choice)),
  };
}

function whole(choice: JsonObject, returning: Returning): JsonObject {
  const { message } = choice;
  if (!isObject(message)) return choice;
  const texts = TEXTS.flatMap((key) => {
    const text = message[key];
    return typeof text === "string" ? [[key, restoredText(text, returning)]] : [];
  });
  const calls = message["tool_calls"];
  const restoredCalls = Array.isArray(calls)
    ? { tool_calls: calls.map((call: unknown) => (isObject(call) ? wholeCall(call, returning) : call)) }
    : {};
  return { ...choice, message: { ...message, ...Object.fromEntries(texts), ...restoredCalls } };
}

/** Annotations and log probabilities are of the model's own text, letter by letter; the client gets another one. */
function uncounted(choice: JsonObject): JsonObject {
  const { message, delta } = choice;
  return {
    ...choice,
    ...(isObject(message) ? { message: withoutAnnotations(message) } : {}),
    ...(isObject(delta) ? { delta: withoutAnnotations(delta) } : {}),
    ...("logprobs" in choice ? { logprobs: null } : {}),
  };
}

function withoutAnnotations(part: JsonObject): JsonObject {
  const { annotations: _, ...said } = part;
  return Array.isArray(said["content"]) ? inOneText(said) : said;
}

/** Parts become the one text that every client reads, so that no value stands across two of them. */
function inOneText(said: JsonObject): JsonObject {
  const reasoning = reasoningOf(said);
  return { ...said, content: saidIn(said), ...(reasoning === "" ? {} : { reasoning_content: reasoning }) };
}

function wholeCall(call: JsonObject, returning: Returning): JsonObject {
  const called = call["function"];
  if (!isObject(called)) return call;
  const name = restoredText(stringOr(called["name"], ""), returning);
  const args = new ToolArguments(name, returning);
  return {
    ...call,
    function: { ...called, name, arguments: args.push(stringOr(called["arguments"], "")) + args.end() },
  };
}

/** The chunks of one answer. Each choice, and each call in it, has its own restorers. */
export class ChatChunks {
  readonly #returning: Returning;
  readonly #texts = new Map<string, Restorer>();
  readonly #calls = new Map<string, ToolArguments>();

  constructor(returning: Returning) {
    this.#returning = returning;
  }

  /** What takes the chunk's place. */
  push(chunk: JsonObject): readonly JsonObject[] {
    const { choices } = chunk;
    if (!Array.isArray(choices) || choices.length === 0) return [chunk];
    const changed = choices.map((choice: unknown) => (isObject(choice) ? this.#choice(uncounted(choice)) : choice));
    // Some workers say "" until there is a reason.
    const ends = choices.filter((choice) => isObject(choice) && stringOr(choice["finish_reason"], "") !== "");
    const rest = ends.flatMap((choice) => (isObject(choice) ? this.#rest(choice) : []));
    if (rest.length === 0) return [{ ...chunk, choices: changed }];
    // What was held belongs before the end, and behind what comes with it.
    const { usage: _, ...fixed } = chunk;
    const said = changed.map((choice: unknown) => (isObject(choice) ? { ...choice, finish_reason: null } : choice));
    const last = changed.map((choice: unknown) => (isObject(choice) ? { ...choice, delta: {} } : choice));
    return [
      { ...fixed, choices: said },
      { ...fixed, choices: rest },
      { ...chunk, choices: last },
    ];
  }

  #choice(choice: JsonObject): JsonObject {
    const { delta, index } = choice;
    if (!isObject(delta)) return choice;
    const texts = TEXTS.flatMap((key) => {
      const text = delta[key];
      return typeof text === "string" ? [[key, this.#text(index, key).push(text)]] : [];
    });
    const calls = delta["tool_calls"];
    const restoredCalls = Array.isArray(calls)
      ? { tool_calls: calls.map((call: unknown) => (isObject(call) ? this.#call(index, call) : call)) }
      : {};
    return { ...choice, delta: { ...delta, ...Object.fromEntries(texts), ...restoredCalls } };
  }

  #call(choice: unknown, call: JsonObject): JsonObject {
    const called = call["function"];
    if (!isObject(called)) return call;
    const name = typeof called["name"] === "string" ? restoredText(called["name"], this.#returning) : undefined;
    const args = this.#arguments(choice, call["index"], name);
    const written = called["arguments"];
    return {
      ...call,
      function: {
        ...called,
        ...(name === undefined ? {} : { name }),
        ...(typeof written === "string" ? { arguments: args.push(written) } : {}),
      },
    };
  }

  #text(choice: unknown, key: string): Restorer {
    const at = `${String(choice)} ${key}`;
    const known = this.#texts.get(at) ?? textRestorer(this.#returning);
    this.#texts.set(at, known);
    return known;
  }

  /** A name begins a call; workers that leave the index out go on with the last one. */
  #arguments(choice: unknown, index: unknown, name: string | undefined): ToolArguments {
    const at = `${String(choice)} ${typeof index === "number" ? index : "-"}`;
    const known = this.#calls.get(at);
    if (known !== undefined && (name === undefined || name === "")) return known;
    const args = new ToolArguments(name ?? "", this.#returning);
    this.#calls.set(at, args);
    return args;
  }

  #rest({ index }: JsonObject): JsonObject[] {
    const delta: Record<string, unknown> = {};
    for (const key of TEXTS) {
      const text = this.#texts.get(`${String(index)} ${key}`)?.end() ?? "";
      if (text !== "") delta[key] = text;
    }
    const calls = [...this.#calls].flatMap(([at, args]) => {
      const [choice, call] = at.split(" ");
      const text = choice === String(index) ? args.end() : "";
      return text === "" ? [] : [{ ...(call === "-" ? {} : { index: Number(call) }), function: { arguments: text } }];
    });
    if (calls.length > 0) delta["tool_calls"] = calls;
    return Object.keys(delta).length === 0 ? [] : [{ index, delta, finish_reason: null }];
  }
}
