// What the judge may know of the machine it judges for. The judge itself never touches a disk; the hook gives it the
// real files, the corpus gives it a few made up ones.
export type World = {
  /** Absolute folder of the estate: what the guardrails stand in. */
  readonly root: string;
  readonly home: string;
  /** The text of a file; undefined when there is none, null when it is not text or too long to be judged. */
  readonly read: (path: string) => string | null | undefined;
  /** The path with symbolic links followed as far as it exists. */
  readonly resolve: (path: string) => string;
};
