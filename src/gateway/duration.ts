// LiteLLM's durations: 30s, 15m, 12h, 7d, 1w, 1mo.
import { Refusal } from "./refusal.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  mo: 2_592_000_000,
};

/** Throws Refusal, naming the field, when the text is no duration. A month counts 30 days. */
export function durationMs(text: string, field = "duration"): number {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d|w|mo)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit ?? ""];
  if (unitMs === undefined || Number(count) === 0) {
    throw new Refusal(
      "invalid_request_error",
      `${field}: should be like 30s, 15m, 12h, 7d, 1w or 1mo, got ${text.slice(0, 20)}`,
    );
  }
  return Number(count) * unitMs;
}
