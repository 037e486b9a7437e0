// Wanted x observed -> plan: every change, every refusal, every step, in order. Pure.
export { planHost, type Look } from "./plan-host.ts";
export { HostPlan, Plan, type PlannedChange } from "./plan-file.ts";
export { batches } from "./order.ts";
export { renderPlan } from "./render-text.ts";
