// Init: writes a complete estate into an empty folder, and goes on where an earlier run was stopped. Also the gate that lists
// what only a person can state and nobody has stated yet.
export { Answers } from "./answers.ts";
export { initEstate, type Initialised } from "./init.ts";
export { openQuestions, readDocuments } from "./open-questions.ts";
export { staleSchemas } from "./schema-files.ts";
export { PLACEHOLDER } from "./secret-values.ts";
