// Where a person works on secrets files: set, edit, rotate, recipients, check. For the command line; other rooms only open.
export { changeSecrets, createSecrets, systemRandom } from "../change.ts";
export type { Desk, NewFile } from "../change.ts";
export { checkSecrets } from "../check.ts";
export type { Finding } from "../check.ts";
export { editSecrets } from "../edit.ts";
export { describeSecrets } from "../describe.ts";
