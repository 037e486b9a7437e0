// De-identification: personal data does not leave to a hosted model. A request's texts go in and come out with pseudonyms;
// the answer's pseudonyms go in and come out as the values they stand for. Nothing of either is kept.
export { answersOf } from "./answers.ts";
export type { Counts } from "./kinds.ts";
export type { Dictionary } from "./names.ts";
export { PrivacyPolicy } from "./policy.ts";
export { Privacy, type Cleaned } from "./privacy.ts";
export { Unclean } from "./unclean.ts";
