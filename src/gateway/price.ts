// What tokens cost. Prices come from a file with its source and date; sums are exact integers (pico-USD) and are rounded
// once a request, up, to micro-USD.
import { join } from "node:path";
import { z } from "zod";
import type { LiveRoute } from "./load-config.ts";
import { parseYaml, readText } from "./operator-file.ts";
import { plainRefusal } from "./refusal.ts";
import type { Usage } from "./wire/usage.ts";

const perMillion = z.number().min(0).max(10_000);

const Rates = z.strictObject({
  input: perMillion.meta({ description: "USD per million input tokens" }),
  cacheWrite5m: perMillion.meta({ description: "USD per million tokens written to the 5-minute cache" }),
  cacheWrite1h: perMillion.meta({ description: "USD per million tokens written to the 1-hour cache" }),
  cacheRead: perMillion.meta({ description: "USD per million tokens read from the cache" }),
  output: perMillion.meta({ description: "USD per million output tokens" }),
});
type Rates = z.infer<typeof Rates>;

const Price = Rates.extend({
  imageTokens: z.int().min(0).default(4784).meta({ description: "Most input tokens that one image can cost" }),
  long: Rates.extend({ over: z.int().min(1).meta({ description: "Input tokens beyond which these rates count" }) })
    .optional()
    .meta({ description: "Rates of long prompts, for the whole request" }),
});
export type Price = z.infer<typeof Price>;

export const PriceFile = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this file's format" }),
  source: z.string().meta({ description: "Where the prices stand, for whoever checks them; it is never fetched" }),
  date: z.iso.date().meta({ description: "The day they were read there" }),
  models: z.record(z.string(), Price).meta({ description: "Upstream model name to its price" }),
});

export type PriceList = { readonly file: string; readonly models: ReadonlyMap<string, Price> };

/** The price file that comes with the gateway. */
export const ownPrices = join(import.meta.dirname, "prices.yaml");

/** Throws Problem, with lines, when the file cannot be read or is no price file. */
export function loadPrices(file: string): PriceList {
  const text = readText(file, "name a price file as prices, or leave prices out: one comes with the gateway");
  return { file, models: new Map(Object.entries(parseYaml(PriceFile, file, text).models)) };
}

const FREE: Price = {
  input: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  cacheRead: 0,
  output: 0,
  imageTokens: 0,
};

const RATES_TO_FILL = `{ ${Object.keys(Rates.shape)
  .map((rate) => `${rate}: ...`)
  .join(", ")} }`;

/** Local routes cost nothing. Throws Refusal for a hosted model without a price: an unknown price cannot be bounded. */
export function priceOf(route: LiveRoute, prices: PriceList): Price {
  if (route.residency === "local") return FREE;
  const price = prices.models.get(route.model) ?? (route.assumeFamilyMax ? familyMax(route.model, prices) : undefined);
  if (price !== undefined) return price;
  // The one that comes with the gateway is replaced with every version.
  const where =
    prices.file === ownPrices
      ? "a copy of src/gateway/prices.yaml that the configuration names as prices"
      : prices.file;
  throw plainRefusal(
    "policy_blocked",
    `no price is known for ${route.model}: add a line "${route.model}: ${RATES_TO_FILL}" under models in ${where}`,
  );
}

/** The costliest rates of models that share the first two words of the name (claude-sonnet-...). */
function familyMax(model: string, prices: PriceList): Price | undefined {
  const family = model.split("-").slice(0, 2).join("-");
  const relatives = [...prices.models].filter(([name]) => name.startsWith(`${family}-`)).map(([, price]) => price);
  if (relatives.length === 0) return undefined;
  const all = relatives.flatMap((price) => (price.long === undefined ? [price] : [price, price.long]));
  const most = (field: keyof Rates): number => Math.max(...all.map((rates) => rates[field]));
  return {
    input: most("input"),
    cacheWrite5m: most("cacheWrite5m"),
    cacheWrite1h: most("cacheWrite1h"),
    cacheRead: most("cacheRead"),
    output: most("output"),
    imageTokens: Math.max(...relatives.map((price) => price.imageTokens)),
  };
}

/** 1 USD per million tokens is 1e6 pico-USD a token. */
function pico(usdPerMillion: number): number {
  return Math.round(usdPerMillion * 1_000_000);
}

function microUsd(picoUsd: number): number {
  if (!Number.isSafeInteger(picoUsd)) throw plainRefusal("policy_blocked", "the request is too large to be priced");
  return Math.ceil(picoUsd / 1_000_000);
}

/** US-only processing costs a tenth more at Anthropic. */
const US_GEO_PERCENT = 110;

function ratesFor(price: Price, inputTokens: number): Rates {
  return price.long !== undefined && inputTokens > price.long.over ? price.long : price;
}

export type Bound = {
  /** No prompt of these bytes has more tokens. */
  readonly inputTokens: number;
  /** Whether the request may write a cache, and so be charged for its costliest kind. */
  readonly mayWriteCache: boolean;
  readonly isUsOnly: boolean;
};

export type Worst = {
  /** Micro-USD for the input and so many output tokens, at most. */
  cost(outputTokens: number): number;
  /** The most output tokens that so many micro-USD buy besides the input; negative when not even the input fits. */
  outputFor(microUsd: number): number;
};

export function worstOf(price: Price, bound: Bound): Worst {
  const rates = ratesFor(price, bound.inputTokens);
  const geo = bound.isUsOnly ? US_GEO_PERCENT : 100;
  const inputRate = bound.mayWriteCache ? Math.max(rates.cacheWrite1h, rates.cacheWrite5m, rates.input) : rates.input;
  const inputPico = (pico(inputRate) * bound.inputTokens * geo) / 100;
  const outputPico = (pico(rates.output) * geo) / 100;
  return {
    cost: (outputTokens) => microUsd(Math.ceil(inputPico + outputPico * outputTokens)),
    outputFor: (micro) =>
      outputPico === 0
        ? micro * 1_000_000 >= inputPico
          ? Number.MAX_SAFE_INTEGER
          : -1
        : Math.floor((micro * 1_000_000 - inputPico) / outputPico),
  };
}

/** Micro-USD of what was used. */
export function costOf(price: Price, usage: Usage, isUsOnly: boolean): number {
  const rates = ratesFor(price, usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h);
  const sum =
    usage.input * pico(rates.input) +
    usage.cacheRead * pico(rates.cacheRead) +
    usage.cacheWrite5m * pico(rates.cacheWrite5m) +
    usage.cacheWrite1h * pico(rates.cacheWrite1h) +
    usage.output * pico(rates.output);
  return microUsd(Math.ceil((sum * (isUsOnly ? US_GEO_PERCENT : 100)) / 100));
}
