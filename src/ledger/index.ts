// The ledger: one hash-chained record of what was done, for applies, the gateway and the guard, checkable offline with
// standard tools. Format: docs/formats/ledger.md. (The guard imports append.ts alone: it must start fast.)
export { openLedger } from "./ledger.ts";
export type { Ledger } from "./ledger.ts";
export type { LedgerRecord } from "./entry.ts";
export { checkpointSigner, signCheckpoint, verifyCheckpoint } from "./signature.ts";
