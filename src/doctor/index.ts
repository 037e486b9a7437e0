// Doctor: looks at this machine, at an estate and at a host, and tells what stands in the way of each job, with its fix. It
// never changes anything.
export type { Finding, Level } from "./finding.ts";
export { lookAtEstate } from "./look-at-estate.ts";
export { lookAtHost } from "./look-at-host.ts";
export { lookAtMachine } from "./look-at-machine.ts";
