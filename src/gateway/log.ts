// The gateway's log: one JSON object a line. Entries have fixed fields, so a header or a body cannot get in by accident.

export type LogEntry =
  | { readonly event: "started"; readonly listen: string; readonly management: string; readonly routes: number }
  /** `waitingForRestart`: fields that the file has anew and that are read at start only. */
  | { readonly event: "reloaded"; readonly routes: number; readonly waitingForRestart: readonly string[] }
  | { readonly event: "reload-refused"; readonly where: string; readonly what: string; readonly fix: string }
  | { readonly event: "audit-late" | "books-late"; readonly waiting: number }
  | { readonly event: "budget-overrun"; readonly requestId: string; readonly keyId: string; readonly microUsd: number }
  | { readonly event: "retention-failed"; readonly what: string }
  | { readonly event: "settled-after-crash"; readonly requests: number }
  | { readonly event: "traces-lost"; readonly spans: number }
  | { readonly event: "draining" | "stopped" }
  | Refused
  | { readonly event: "bug"; readonly requestId: string; readonly name: string; readonly frames: readonly string[] };

type Refused = {
  readonly event: "refused";
  readonly requestId: string;
  readonly kind: string;
  /** Null where the words that the client got may quote its request: it has them, under the same request id. */
  readonly reason: string | null;
  /** Of the key that was shown, usable or not; null for none that is known. */
  readonly keyId: string | null;
  /** `POST /v1/messages`, without a query. */
  readonly path: string;
};

export type Log = (entry: LogEntry) => void;
