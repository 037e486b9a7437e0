// The effects that rooms take as their first argument. Narrow, wired once in each main.ts, faked in tests.

export type Clock = {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
};

export type Random = {
  /** `size` random bytes. */
  bytes(size: number): Uint8Array;
};

/** Where long work tells what it is doing. One call, one line; `detail` may be replaced on a terminal. */
export type Progress = {
  readonly step: (title: string) => void;
  readonly detail: (text: string) => void;
};
