// What the guard answers: a verdict and why. It never allows anything; silence leaves the question to the client's own
// permission rules.
export type Verdict = "deny" | "ask";

export type Finding = {
  readonly verdict: Verdict;
  /** Which rule spoke, `secret-read`; stable, so that audits can be counted. */
  readonly rule: string;
  /** For the reader of the answer: what the call would do. */
  readonly what: string;
};

export type Decision = { readonly verdict: Verdict | "silent"; readonly findings: readonly Finding[] };

/** One deny outweighs any number of asks; each rule speaks once. */
export function decide(findings: readonly Finding[]): Decision {
  const denies = findings.filter((finding) => finding.verdict === "deny");
  const speaking = denies.length > 0 ? denies : findings;
  const verdict = speaking[0]?.verdict ?? "silent";
  return { verdict, findings: [...new Map(speaking.map((finding) => [finding.rule, finding])).values()] };
}
