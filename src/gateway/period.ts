// Budget periods, aligned to the calendar (UTC) where people expect it: days at midnight, weeks on Monday, months on the 1st.
import { durationMs } from "./duration.ts";

const DAY_MS = 86_400_000;

/** The end of the period that `now` lies in. Throws Refusal when the text is no duration. */
export function periodEnd(period: string, now: number): number {
  const lengthMs = durationMs(period);
  const date = new Date(now);
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  switch (period) {
    case "1d":
    case "24h":
      return midnight + DAY_MS;
    case "7d":
    case "1w":
      return midnight + (7 - ((date.getUTCDay() + 6) % 7)) * DAY_MS;
    case "30d":
    case "1mo":
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    default:
      return now + lengthMs;
  }
}
