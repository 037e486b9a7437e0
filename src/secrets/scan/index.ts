// The secret scan of a repository: tree, history, decrypted twins; waivers with an expiry; SARIF.
export { scanForSecrets } from "../scan.ts";
export type { Scanned, SecretFinding } from "../scan.ts";
export { isInRepository } from "../git.ts";
export { parseBaseline } from "../scan-waivers.ts";
export { sarif } from "../scan-sarif.ts";
