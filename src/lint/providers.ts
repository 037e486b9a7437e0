// Names by which a provider of models is recognised: its hosts, the variables that clients read its key from, its keys.

const hosts = [
  "anthropic.com",
  "openai.com",
  "openai.azure.com",
  "services.ai.azure.com",
  "cognitiveservices.azure.com",
  "generativelanguage.googleapis.com",
  "aiplatform.googleapis.com",
  "mistral.ai",
  "cohere.com",
  "cohere.ai",
  "groq.com",
  "together.xyz",
  "together.ai",
  "deepseek.com",
  "openrouter.ai",
  "x.ai",
  "perplexity.ai",
  "fireworks.ai",
  "cerebras.ai",
  "ai21.com",
  "voyageai.com",
  "jina.ai",
  "replicate.com",
  "api-inference.huggingface.co",
  "router.huggingface.co",
  "ollama.com",
  "dashscope.aliyuncs.com",
  "moonshot.ai",
  "integrate.api.nvidia.com",
];

const escaped = hosts.map((host) => host.replaceAll(".", String.raw`\.`)).join("|");
const bedrock = String.raw`bedrock[a-z-]*\.[a-z0-9-]+\.amazonaws\.com`;
/** As a whole name: `openai.com` is in `api.openai.com`, not in `openai.com.example` or `myopenai.com`, and nobody's address. */
const providerHost = new RegExp(
  String.raw`(?<![\w.-])(?<!(?<!://[^\s/]{0,200})@)(?:[\w-]+\.)*(?:${escaped}|${bedrock})(?![\w-]|\.[a-z0-9])`,
  "i",
);

const names =
  "OPENAI|ANTHROPIC|CLAUDE|AZURE_OPENAI|AZURE_AI|GEMINI|GOOGLE|GOOGLE_AI|GOOGLE_GENAI|VERTEX|MISTRAL|COHERE|CO|GROQ|" +
  "TOGETHER|TOGETHERAI|TOGETHER_AI|DEEPSEEK|OPENROUTER|XAI|PERPLEXITY|PERPLEXITYAI|FIREWORKS|FIREWORKS_AI|CEREBRAS|AI21|" +
  "VOYAGE|JINA|REPLICATE|HF|HUGGINGFACE|HUGGING_FACE_HUB|DASHSCOPE|MOONSHOT|NVIDIA|BEDROCK|OLLAMA";
const providerVariable = new RegExp(
  String.raw`^(?:[A-Z0-9]+_)*(?:${names})_(?:API_KEYS?|KEYS?|(?:AUTH_|API_|ACCESS_)?TOKEN)$|^AWS_(?:SECRET_ACCESS_KEY|BEARER_TOKEN_BEDROCK)$`,
  "i",
);

const providerKey =
  /(?<![\w-])(?:sk-ant-[\w-]{8,}|sk-(?:proj|svcacct|or-v1)-[\w-]{8,}|sk-[A-Za-z0-9]{32,}|gsk_\w{16,}|AIza[\w-]{30,}|hf_[A-Za-z]{20,}|xai-\w{20,}|pplx-\w{20,}|r8_\w{20,})/;

/** The provider's host in a text, also in a spelling that only a program takes for the same. */
export function providerHostIn(text: string): string | undefined {
  return providerHost.exec(plain(text))?.[0].toLowerCase();
}

/** As a URL's host is read: percent signs and wide letters are resolved, every dot is a dot. */
function plain(text: string): string {
  const resolved = text.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
  return resolved.normalize("NFKC").replaceAll(/[\u3002\uff61]/g, ".");
}

/** Is this the name of a variable from which clients read a provider's key? */
export function isProviderVariable(name: string): boolean {
  return providerVariable.test(name);
}

/** Does a text hold what looks like a provider's key? It is never shown. */
export function holdsProviderKey(text: string): boolean {
  return providerKey.test(text);
}
