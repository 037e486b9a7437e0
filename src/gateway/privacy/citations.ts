// Citations of a plain text count its characters. The upstream counts those of the masked text, the client those of its own:
// an offset goes over the border only when it is known to what it points.
import { isObject, type JsonObject } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { across, twoTexts, type Place, type Side, type TwoTexts } from "./cited-places.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

/** A document of the request, as it was asked and as it is sent. */
type Document = TwoTexts & { readonly isNested: boolean };

export class Citations {
  readonly #asked: JsonObject;
  readonly #sent: JsonObject;
  readonly #pseudonyms: Pseudonyms;
  #documents: readonly Document[] | undefined;

  constructor(asked: JsonObject, sent: JsonObject, pseudonyms: Pseudonyms) {
    this.#asked = asked;
    this.#sent = sent;
    this.#pseudonyms = pseudonyms;
  }

  /** The part of an answer's citation that counts, as it is in the client's own text. Throws Refusal when nobody can tell. */
  returned(citation: JsonObject): JsonObject {
    const place = this.#moved(citation, "theirs");
    if (place !== undefined) return place;
    throw new Refusal(
      "policy_blocked",
      "citations: one of this answer points to no place of the document that it names",
    );
  }

  /** The same for a citation of the history; nothing when it points nowhere. */
  sent(citation: JsonObject): JsonObject {
    return this.#moved(citation, "ours") ?? {};
  }

  #moved(citation: JsonObject, from: Side): JsonObject | undefined {
    const { cited_text: text, document_index: index, start_char_index: start, end_char_index: end } = citation;
    if (typeof text !== "string" || !isCount(index) || !isCount(start) || !isCount(end)) return undefined;
    const found = this.#named(index).map((document) => across({ start, end, text }, from, document));
    const [place, ...others] = found.filter((one): one is Place => one !== undefined);
    if (place === undefined || others.some((other) => other.start !== place.start)) return undefined;
    return { cited_text: place.text, start_char_index: place.start, end_char_index: place.end };
  }

  /** It is not said whether documents inside tool results count: what fits under either counting may be meant. */
  #named(index: number): readonly Document[] {
    this.#documents ??= this.#pairs();
    const all = this.#documents[index];
    const top = this.#documents.filter(({ isNested }) => !isNested)[index];
    return [...new Set([all, top])].filter((document) => document !== undefined);
  }

  #pairs(): readonly Document[] {
    const theirs = documentsOf(this.#sent);
    return documentsOf(this.#asked).map(({ text, isNested }, n) => ({
      ...twoTexts(text, theirs[n]?.text ?? "", this.#pseudonyms),
      isNested,
    }));
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

type PlainText = { readonly text: string; readonly isNested: boolean };

/** In the order of the request. Documents of other kinds keep their number. */
function documentsOf({ messages }: JsonObject): PlainText[] {
  return blocksOf(messages).flatMap(({ content }) => documentsIn(content, false));
}

function documentsIn(content: unknown, isNested: boolean): PlainText[] {
  return blocksOf(content).flatMap((block) => {
    if (block["type"] === "tool_result") return documentsIn(block["content"], true);
    if (block["type"] !== "document") return [];
    const text = isObject(block["source"]) && block["source"]["type"] === "text" ? block["source"]["data"] : "";
    return [{ text: typeof text === "string" ? text : "", isNested }];
  });
}

function blocksOf(content: unknown): readonly JsonObject[] {
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** The history's own citations: an assistant's turn comes back with what it has cited. */
export function withCitations(asked: JsonObject, sent: JsonObject, citations: Citations): JsonObject {
  const blocks = blocksOf(asked["messages"]).flatMap(({ content }) => blocksOf(content));
  if (!blocks.some((block) => Array.isArray(block["citations"]))) return sent;
  return { ...sent, messages: recounted(asked["messages"], sent["messages"], citations) };
}

function recounted(asked: unknown, sent: unknown, citations: Citations): unknown {
  if (Array.isArray(asked) && Array.isArray(sent)) return sent.map((one, n) => recounted(asked[n], one, citations));
  if (!isObject(asked) || !isObject(sent)) return sent;
  if (asked["type"] === "char_location") return { ...sent, ...citations.sent(asked) };
  const lists = ["content", "citations"].filter((key) => Array.isArray(asked[key]));
  return { ...sent, ...Object.fromEntries(lists.map((key) => [key, recounted(asked[key], sent[key], citations)])) };
}
