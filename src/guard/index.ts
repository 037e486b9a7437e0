// The guard: judges what a coding agent is about to do, before it does it. The hook itself is main.ts (and the bundle
// made of it); this door is for the commands that install, inspect and test it.
export { installGuard, installManagedGuard, inspectGuard } from "./install.ts";
export { testGuard } from "./self-test.ts";
export { auditFolder } from "./audit.ts";
