// Versions as programs tell them: the first numbers joined by dots, compared part by part.

/** `OpenSSH_9.2p1 Debian` -> `9.2`; undefined where no number stands. */
export function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(text)?.[0];
}

export function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((each) => each.split(".").map(Number));
  for (const [at, least] of (want ?? []).entries()) {
    const part = have?.[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
