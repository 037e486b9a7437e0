// Secrets: SOPS files over age, safe in git. A file is opened whole or refused, and its values are Sensitive from here on.
export { openSecrets } from "./open.ts";
export type { OpenedSecrets, SecretTree } from "./open.ts";
export { loadIdentities } from "./identities.ts";
