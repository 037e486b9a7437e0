// Models are asked through the gateway, with a virtual key: no service knows a provider, its key, or a model behind it.
import { endpointsOf } from "../estate/index.ts";
import type { EstateFiles, ServiceFiles } from "../estate/inspect.ts";
import { at, inFile, type LintFinding } from "./finding.ts";
import { holdsProviderKey, isProviderVariable, providerHostIn } from "./providers.ts";
import type { RuleName } from "./rules.ts";
import { type Text, textsOf } from "./texts.ts";

const GATEWAY = "demesne-gateway";

export function checkModels(files: ServiceFiles, all: EstateFiles): readonly LintFinding[] {
  if (files.service.value.build === GATEWAY) return [];
  const behind = modelHosts(files.name, all);
  const gateway = all.services.find(({ service }) => service.value.build === GATEWAY)?.name;
  return [
    ...textsOf(files).flatMap((text) => [
      ...checkProvider(text),
      ...checkLiteral(text),
      ...checkBypass(text, behind),
      ...(gateway === undefined ? [] : checkAsked(text, gateway, files)),
    ]),
    ...checkSecrets(files, all),
  ];
}

function found(rule: RuleName, text: Text, what: string, fix: string): LintFinding {
  return { ...inFile(rule, [text.file, text.line], { what, fix }), path: text.path.join("/") };
}

const ASK = "ask the gateway (http://gateway:4000) with a virtual key, under `keys` in service.yaml";

function checkProvider(text: Text): readonly LintFinding[] {
  const host = providerHostIn(text.text);
  const byHost =
    host === undefined ? [] : [found("provider-host", text, `should not name a provider, got ${host}`, ASK)];
  if (holdsProviderKey(text.text)) {
    const fix = `${ASK}; the key was seen: have it revoked`;
    return [...byHost, found("provider-key", text, "should not hold a provider's key", fix)];
  }
  if (!isProviderVariable(text.key) || text.path.includes("healthcheck")) return byHost;
  return [
    ...byHost,
    found("provider-key", text, `should not set ${text.key}: a client reads a provider's key from it`, ASK),
  ];
}

const SECRET = /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|PRIVATE_KEY|ACCESS_KEY|API_KEYS?|TOKEN)$/i;

function checkLiteral(text: Text): readonly LintFinding[] {
  const isSet = text.path.includes("environment") && SECRET.test(text.key) && !isProviderVariable(text.key);
  if (!isSet || text.text === "") return [];
  const fix = "name it under `secrets` in service.yaml, and list it in inventory/secrets.example.yaml";
  return [found("secret-literal", text, `should not be written here: ${text.key} is a secret`, fix)];
}

/** Where models answer: services of the estate, and the endpoints of the profiles. */
function modelHosts(asking: string, { estate, services }: EstateFiles): ReadonlySet<string> {
  const models = Object.values(estate.value.profiles).flatMap(({ model }) => endpointsOf(model));
  const run = services.filter(({ compose }) =>
    Object.values(compose.value.services).some(({ image }) => isModel(image)),
  );
  const names = [...run.map(({ name }) => name), ...models.flatMap(({ service }) => service ?? [])];
  if (names.includes(asking)) return new Set();
  return new Set([...names, ...models.map(({ url }) => new URL(url).host)]);
}

/** Images that write texts; an embedding model is none of them. */
function isModel(image: string): boolean {
  return /(?:^|\/)(?:ollama|vllm-openai|vllm|litellm(?:-\w+)?|llama\.cpp|text-generation-inference|sglang)(?::|@|$)/.test(
    image,
  );
}

function checkBypass(text: Text, hosts: ReadonlySet<string>): readonly LintFinding[] {
  const host = [...hosts].find((each) => namesHost(text.text, each));
  if (host === undefined || providerHostIn(text.text) !== undefined) return [];
  return [found("model-bypass", text, `should not ask ${host} past the gateway`, ASK)];
}

/** As a URL's host, or as host and port. A host that is known with its port is no other port's. */
function namesHost(text: string, host: string): boolean {
  const name = host.replaceAll(/[.[\]]/g, String.raw`\$&`);
  const alone = /:\d+$/.test(host) ? String.raw`(?<![\w.-])${name}(?!\d)` : String.raw`(?<![\w.-])${name}:\d`;
  return new RegExp(String.raw`(?:://(?:[^/@\s]*@)?${name}(?![\w.-])|${alone})`, "i").test(text);
}

function checkAsked(text: Text, gateway: string, { service }: ServiceFiles): readonly LintFinding[] {
  if (service.value.keys.length > 0 || !namesHost(text.text, gateway)) return [];
  const fix = `add to \`keys\` in ${service.file}, such as { name: models, from: NAME/virtual_key, env: OPENAI_API_KEY }`;
  return [found("virtual-key", text, "should have a virtual key, as it asks the gateway", fix)];
}

/** A variable for a provider's key may hold a key that we made ourselves, never one that somebody provided. */
function checkSecrets(files: ServiceFiles, { secrets }: EstateFiles): readonly LintFinding[] {
  return files.service.value.secrets.flatMap(({ env, file, from }, index) => {
    const variable = env ?? file ?? "";
    if (!isProviderVariable(variable.replaceAll("-", "_"))) return [];
    if (secrets.value.secrets[from]?.generate !== "provided") return [];
    const what = `should not be given a provider's key, ${variable} is ${from}`;
    return [at("provider-key", [files.service, ["secrets", index, "from"]], { what, fix: ASK })];
  });
}
