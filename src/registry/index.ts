// Asks a registry which digest a tag stands for now (OCI distribution 1.1). It only reads.
export { resolveDigest, type Resolved } from "./resolve.ts";
