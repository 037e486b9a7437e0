// Findings over an estate's files: what is wrong, where, and what to do about it. It never touches a host.
export { type Known, type Linted, lint } from "./lint.ts";
export type { LintFinding } from "./finding.ts";
export { rules } from "./rules.ts";
export { sarif } from "./sarif.ts";
