// The read-only look: wanted resources and a host in, an observation out.
export { observe, probeText } from "./observe.ts";
export { Owned } from "./observation.ts";
export type { HostFacts, Observation, Observed } from "./observation.ts";
