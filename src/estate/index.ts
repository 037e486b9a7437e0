// The operator's language: reads the YAML files of an estate, checks them, and answers with one plain Estate.
export { loadEstate } from "./load.ts";
export type { Estate, EstateHost, EstateService } from "./estate.ts";
