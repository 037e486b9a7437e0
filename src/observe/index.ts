// The read-only look: wanted resources and a host in, an observation out.
export { observe, probeText } from "./observe.ts";
export type { Observation } from "./observation.ts";
