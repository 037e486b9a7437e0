// An entry of the catalogue becomes a service of an estate: its own names, the estate's host, classes, ports and models.
// Answers with texts; writes nothing.
import { dirname, relative } from "node:path";
import { type Document, parseDocument } from "yaml";
import type { Estate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { fitService } from "./fit-service.ts";
import { printYaml } from "./print-yaml.ts";
import type { Entry } from "./read-catalogue.ts";

export type NewService = {
  /** Text of each file that is new or changed, by its path in the estate. */
  readonly texts: ReadonlyMap<string, string>;
  /** `file:line question` for what only a person can state. */
  readonly questions: readonly string[];
};

export type Wanted = {
  readonly name: string;
  readonly entry: Entry;
  /** Of the catalogue, the text that lists its secrets. */
  readonly secrets: string;
  readonly estate: Estate;
  /** Texts of the estate's files that may gain lines, by their path. */
  readonly present: { readonly estate: string; readonly lock: string; readonly secrets: string };
};

const LOCK = "inventory/images.lock.yaml";
const EXAMPLES = "inventory/secrets.example.yaml";

/** Throws Problem `usage` or `prerequisite` when the estate cannot have it. */
export function newService(wanted: Wanted): NewService {
  const { name, estate, present } = wanted;
  if (!/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    const fix = "use lower-case letters, digits and inner hyphens, at most 32: demesne service new wiki";
    throw new Problem({ code: "usage", where: name, what: "should be the name of a service", fix });
  }
  const own = new Map([...wanted.entry.texts].map(([file, text]) => [file, named(text, wanted)]));
  const serviceText = fitService(own.get("service.yaml") ?? "", estate);
  const { compose, lock } = locked(own.get("compose.yaml") ?? "", present.lock, estate);
  const files = new Map([...own, ["service.yaml", serviceText], ["compose.yaml", compose]]);
  const texts = new Map(
    [...files].map(([file, text]) => {
      const path = `services/${name}/${file}`;
      return [path, schemaAt(path, text, present.estate)];
    }),
  );
  const questions = [...texts].flatMap(([path, text]) => questionsIn(path, text));
  if (lock !== present.lock) texts.set(LOCK, lock);
  const examples = withSecrets(present.secrets, serviceText, wanted);
  if (examples !== present.secrets) texts.set(EXAMPLES, examples);
  return { texts, questions };
}

/** The entry's own name, where it stands for the service: its container, its secrets, its volumes, its heading. */
function named(text: string, { name, entry }: Wanted): string {
  const old = entry.name;
  return text
    .replace(new RegExp(`^  ${old}:$`, "m"), `  ${name}:`)
    .replaceAll(new RegExp(`\\bfrom: ${old}/`, "g"), `from: ${name}/`)
    .replace(new RegExp(`^# ${old}$`, "m"), `# ${name}`)
    .replaceAll(new RegExp(`\`${old}_(?=[a-z]+\`)`, "g"), `\`${name}_`)
    .replaceAll(new RegExp(`(?<=://|\`)${old}(?=:\\d)`, "g"), name)
    .replace(`registry.example/${old}:`, `registry.example/${name}:`);
}

/** A digest that the estate has locked already stays; what it has not is added. */
function locked(
  compose: string,
  lock: string,
  { imagesLock }: Estate,
): { readonly compose: string; readonly lock: string } {
  const document = parseDocument(lock);
  let text = compose;
  for (const [pin, ref = "", digest = ""] of compose.matchAll(/(?<=image: )(\S+)@(sha256:[0-9a-f]{64})/g)) {
    const known = imagesLock[ref];
    if (known === undefined) put(document, ["images", ref], digest);
    else text = text.replace(pin, `${ref}@${known}`);
  }
  return {
    compose: text,
    lock: text === compose && document.toJS()?.images?.length === 0 ? lock : printYaml(document, lock),
  };
}

/** Adds what the secrets file must hold: as the catalogue lists it, or as its use tells. */
function withSecrets(examples: string, serviceText: string, { name, entry, secrets }: Wanted): string {
  const document = parseDocument(examples);
  const listed = parseDocument(secrets);
  for (const list of ["keys", "secrets"] as const) {
    for (const from of fromsOf(serviceText, list)) {
      if (document.hasIn(["secrets", from])) continue;
      const original = from.startsWith(`${name}/`) ? `${entry.name}/${from.slice(name.length + 1)}` : from;
      const generate = list === "keys" ? "virtual-key" : "hex-32";
      const known = listed.toJS().secrets[original] ?? {
        generate,
        note: `${list === "keys" ? "by which the gateway knows" : "a secret of"} ${name}`,
      };
      put(document, ["secrets", from], known);
    }
  }
  return printYaml(document, examples);
}

function fromsOf(serviceText: string, list: "keys" | "secrets"): readonly string[] {
  const value: unknown = parseDocument(serviceText).toJS()[list];
  return Array.isArray(value) ? value.map(({ from }) => String(from)) : [];
}

/** An empty map may stand there as `{}`, which would put everything into one line. */
function put(document: Document, path: readonly [string, string], value: unknown): void {
  if (document.getIn([path[0]]) === null || !document.hasIn([path[0]]))
    document.setIn([path[0]], document.createNode({}));
  const map = document.getIn([path[0]]);
  if (typeof map === "object" && map !== null && "flow" in map) map.flow = false;
  document.setIn(path, document.createNode(value));
}

/** The estate's own first line tells where its schemas are. */
function schemaAt(path: string, text: string, estateText: string): string {
  const [, where] = /^# yaml-language-server: \$schema=(\S*\/)estate\.json/.exec(estateText) ?? [];
  if (where === undefined) return text;
  const way = where.includes("://") ? where : `${relative(dirname(path), where)}/`;
  return text.replace(/^(# yaml-language-server: \$schema=)\S*\/([a-z-]+\.json)$/m, `$1${way}$2`);
}

function questionsIn(path: string, text: string): readonly string[] {
  return text.split("\n").flatMap((line, index) => {
    const question = /\[question: ([^\]]*)\]/.exec(line)?.[1];
    return question === undefined ? [] : [`${path}:${index + 1} ${question}`];
  });
}
