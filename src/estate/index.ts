// The operator's language: reads the YAML files of an estate, checks them, and answers with one plain Estate.
export type { Estate, EstateHost, EstateService } from "./estate.ts";
export { endpointsOf, type Endpoint } from "./endpoints.ts";
export { loadEstate } from "./load.ts";
export { schemas } from "./schemas.ts";
export { openSecrets } from "./open-secrets.ts";
export { seam } from "./seam.ts";
