// Outside-in checks: what a stranger finds at a host, against what the estate allows.
export { Check } from "./check.ts";
export { expected } from "./expectation.ts";
export { type Inside, type Vantage } from "./vantage.ts";
export { type VerifyRequest, verifyHost } from "./verify-host.ts";
