// The step between what a client asks and what a hosted upstream is sent: reads every text of the request, puts pseudonyms
// in the place of personal data, and keeps the way back for the answer.
import type { IncomingHttpHeaders } from "node:http";
import type { JsonObject } from "../json.ts";
import { plainRefusal, Refusal } from "../refusal.ts";
import { analyse, merged } from "./analyser.ts";
import { Citations, withCitations } from "./citations.ts";
import { FindingsCache, type Known } from "./findings-cache.ts";
import { KIND_NUMBER, type Counts, type Findings } from "./kinds.ts";
import { collect, replace } from "./leaves.ts";
import { NameList, type Dictionary } from "./names.ts";
import type { DataClass, PrivacyPolicy } from "./policy.ts";
import { mintFor, Pseudonyms } from "./pseudonyms.ts";
import { Scanner } from "./scan.ts";
import { ScanThread, type Leaf } from "./scan-thread.ts";
import { spread } from "./spread.ts";
import type { Returning } from "./tool-arguments.ts";
import { Unclean } from "./unclean.ts";

export type PrivacyOptions = {
  readonly policy: PrivacyPolicy;
  readonly dictionaries: readonly Dictionary[];
  /** What pseudonyms are made with. */
  readonly secret: Buffer;
  readonly random: { bytes(size: number): Uint8Array };
};

/** A request on its way to an upstream. */
export type Leaving = {
  /** The upstream's. */
  readonly operation: string;
  readonly body: JsonObject;
  readonly headers: IncomingHttpHeaders;
  readonly route: {
    readonly alias: string;
    readonly residency: string;
    readonly dataClasses?: readonly string[] | undefined;
  };
  readonly key: { readonly id: string; readonly alias: string | null };
  readonly signal: AbortSignal;
};

export type Cleaned = {
  readonly body: JsonObject;
  readonly counts: Counts;
  /** What brings values back into the answer; undefined when there is nothing to bring back. */
  readonly returning: Returning | undefined;
};

/** More text than this is read beside the event loop. */
const LARGE = 128 * 1024;

const LITERAL = KIND_NUMBER["literal"];

/** Headers that go on to the upstream as the client wrote them. */
const FORWARDED = ["anthropic-version", "anthropic-beta"];

export class Privacy {
  readonly #options: PrivacyOptions;
  readonly #scanner: Scanner;
  readonly #cache: FindingsCache;
  readonly #thread: ScanThread;

  constructor(options: PrivacyOptions) {
    this.#options = options;
    const names = new NameList(options.dictionaries);
    this.#scanner = new Scanner(names.isEmpty ? undefined : names);
    this.#cache = new FindingsCache(Buffer.from(options.random.bytes(16)));
    this.#thread = new ScanThread(options.dictionaries);
  }

  /** Throws Unclean for what only a local model may get, Refusal for what cannot be read now. */
  async clean(leaving: Leaving): Promise<Cleaned> {
    const { body, route, operation, key } = leaving;
    if (route.residency === "local") return { body, counts: {}, returning: undefined };
    // Vectors tell what they were made of, and other models make others: nothing to be had in place of them.
    if (operation === "embeddings") {
      throw plainRefusal("policy_blocked", "embeddings are made by local models only: their texts do not leave");
    }
    const rules = this.#rulesFor(leaving);
    this.#checkHeaders(leaving.headers);
    const leaves = collect(body, rules.media === "passed");
    const read = await this.#read(leaves.texts, rules, leaving);
    this.#checkThoughts(leaves.thoughts);
    const pseudonyms = new Pseudonyms(mintFor(this.#options.secret, key.id));
    const known = spread(leaves.texts, read, pseudonyms);
    const clean = replace(body, known, pseudonyms, rules.media === "passed");
    const { counts } = pseudonyms;
    if (pseudonyms.isEmpty) return { body: clean, counts, returning: undefined };
    const citations = new Citations(body, clean, pseudonyms);
    const returning = { policy: this.#options.policy, pseudonyms, citations };
    return { body: withCitations(body, clean, citations), counts, returning };
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  #rulesFor({ key, route }: Leaving): DataClass {
    const { policy } = this.#options;
    const name =
      policy.keys[key.alias ?? ""] ?? policy.keys[key.alias?.replace(/^service:/, "") ?? ""] ?? policy.defaultClass;
    const rules = policy.classes[name] ?? { hosted: "masked", media: "refused" };
    const isLet = route.dataClasses === undefined || route.dataClasses.includes(name);
    if (!isLet || rules.hosted === "never") {
      throw new Unclean(`data of class ${name} does not leave to ${route.alias}: ask for a local model`);
    }
    if (rules.hosted === "analysed" && policy.analyser === undefined) {
      throw new Unclean(
        `data of class ${name} is free text, and no analyser is there to find the names in it: ask for a local model`,
      );
    }
    return rules;
  }

  #checkHeaders(headers: IncomingHttpHeaders): void {
    const found = FORWARDED.find((name) => this.#scanner.scan(String(headers[name] ?? "")).length > 0);
    if (found !== undefined) throw new Refusal("policy_blocked", `${found}: holds personal data`);
  }

  #checkThoughts(thoughts: readonly string[]): void {
    // A pseudonym in a thought is what the model has seen before.
    const holds = thoughts.some((text) => this.#scanner.scan(text).some((kind, n) => n % 3 === 2 && kind !== LITERAL));
    if (holds) {
      throw new Unclean(
        "a thinking block of this conversation holds personal data, and may not be changed: start a new one",
      );
    }
  }

  async #read(leaves: readonly Leaf[], rules: DataClass, { key, signal }: Leaving): Promise<readonly Known[]> {
    const isAnalysed = rules.hosted === "analysed";
    const digests = leaves.map(({ text, hint }) => this.#cache.digestOf(text, isAnalysed ? ~hint : hint, key.id));
    const known = digests.map((digest) => (digest === undefined ? undefined : this.#cache.get(digest)));
    const fresh = leaves.filter((_, index) => known[index] === undefined);
    const found = (await this.#find(fresh, isAnalysed, signal)).values();
    return known.map((one, index): Known => {
      if (one !== undefined) return one;
      const made = { findings: found.next().value ?? [] };
      const digest = digests[index];
      if (digest !== undefined) this.#cache.set(digest, made);
      return made;
    });
  }

  async #find(leaves: readonly Leaf[], isAnalysed: boolean, signal: AbortSignal): Promise<readonly Findings[]> {
    const size = leaves.reduce((sum, { text }) => sum + text.length, 0);
    const sure =
      size > LARGE ? await this.#thread.scan(leaves) : leaves.map(({ text, hint }) => this.#scanner.scan(text, hint));
    const { analyser } = this.#options.policy;
    if (!isAnalysed || analyser === undefined) return sure;
    const texts = leaves.map(({ text }) => text);
    const guessed = await analyse(analyser, texts, signal);
    return texts.map((text, index) => merged(text, sure[index] ?? [], guessed[index] ?? []));
  }
}
