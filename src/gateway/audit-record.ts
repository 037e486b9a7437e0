// An audit record as it stands in the books' outbox: JSON text that names its kind.
import type { LedgerRecord } from "../ledger/index.ts";
import { isObject } from "./json.ts";

export function readRecord(text: string): LedgerRecord {
  const record: unknown = JSON.parse(text);
  if (!isRecord(record)) throw new TypeError("an audit record names its kind");
  return record;
}

/** JSON text holds nothing but JSON. */
export function isRecord(value: unknown): value is LedgerRecord {
  return isObject(value) && typeof value["kind"] === "string";
}
