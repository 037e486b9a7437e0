// What workers say when a request does not fit their context, and the two words that Claude Code has for it: it makes its
// prompt shorter, or asks for less output. For the latter it must find the numbers.

/** The texts of vLLM's versions, TensorRT-LLM, SGLang and OpenAI; the names are those of the groups. */
const OVERFLOWS: readonly RegExp[] = [
  /max_(?:completion_)?tokens=(?<output>\d+) cannot be greater than (?:max_model_len=)?(?:max_total_tokens=)?(?<limit>\d+)/i,
  /context length is (?<limit>\d+) tokens.*requested (?<output>\d+) output tokens and your prompt contains (?<atLeast>at least )?(?<prompt>\d+) input tokens/is,
  /passed (?<prompt>\d+) input tokens and requested (?<output>\d+) output tokens.*context length is only (?<limit>\d+)/is,
  /context length is (?<limit>\d+) tokens.*requested \d+ tokens \((?<prompt>\d+) in the messages, (?<output>\d+) in the completion\)/is,
  /context length of (?<limit>\d+) tokens.*: (?<prompt>\d+) tokens from the input messages and (?<output>\d+) tokens for the completion/is,
  /is too large: (?<output>\d+)\. This model supports at most (?<cap>\d+) completion tokens/i,
  /is too large: (?<output>\d+)\..*context length is (?<limit>\d+) tokens and your request has (?<prompt>\d+) input tokens/is,
];

const TOO_LONG: readonly RegExp[] = [
  /maximum context length|context (length|window|size)|exceeds? the (available )?context|prompt is too long|n_ctx/i,
  /longer than the maximum model length|prompt length \d+ exceeds the max_model_len/i,
  // vLLM subtracts the prompt from the context and finds nothing left.
  /max_(completion_)?tokens must be at least 1, got -\d+/i,
];

/** Tokens that Claude Code 2.1 leaves free when it asks for less (measured). */
const CLAUDE_CODE_MARGIN = 1000;

/**
 * `prompt_too_long`, or `max_tokens_context_overflow` with its numbers; undefined for any other message. `inputEstimate` stands
 * for a prompt's length that the worker does not tell.
 */
export function overflowIn(message: string, inputEstimate: number): string | undefined {
  for (const pattern of OVERFLOWS) {
    const found = pattern.exec(message)?.groups;
    if (found === undefined) continue;
    const output = Number(found["output"]);
    // A limit of its own for the output, told as the context that would leave so much: Claude Code keeps 1,000 tokens free.
    const limit = Number(found["limit"] ?? inputEstimate + Number(found["cap"]) + CLAUDE_CODE_MARGIN);
    return word(promptIn(found, limit, inputEstimate), output, limit);
  }
  return TOO_LONG.some((pattern) => pattern.test(message)) ? "prompt_too_long" : undefined;
}

/**
 * vLLM's "at least" is what the context leaves beside the wish, and one: taken at its word, Claude Code would come nearer by its
 * own margin of 1,000 tokens a try, three times, and give up. An eighth of the context a try gets there.
 */
function promptIn(found: Record<string, string | undefined>, limit: number, inputEstimate: number): number {
  const { prompt, atLeast } = found;
  if (prompt === undefined) return inputEstimate;
  return atLeast === undefined ? Number(prompt) : Math.max(Number(prompt) + Math.floor(limit / 8), inputEstimate);
}

/** The sentence in brackets is Anthropic's own: Claude Code reads it, and asks for what is left. */
function word(prompt: number, output: number, limit: number): string {
  if (prompt >= limit) return "prompt_too_long";
  const sum = `${prompt} + ${output} > ${limit}`;
  return `max_tokens_context_overflow (input length and \`max_tokens\` exceed context limit: ${sum})`;
}
