// The facts a host must satisfy: one file per kind, pure. Wanted and observed in, changes and their steps out.
export { kindOf, idOf, kinds, resource } from "./registry.ts";
export { risks } from "./kind.ts";
export { INPUTS_LABEL } from "./stack.ts";
export { Answer, Query } from "./query.ts";
export { commandTask, Step } from "./step.ts";
export type { Answers } from "./query.ts";
export type { Change, Facts, Kind, Ref, Resource, Risk } from "./kind.ts";
export type { Command, Task, TreeEntry } from "./step.ts";
