// Wanted x observed -> plan: every change, every refusal, every step, in order. Pure.
export { planHost } from "./plan-host.ts";
export { HostPlan, Plan, type Window } from "./plan-file.ts";
export { approvalNeeds } from "./approval-needs.ts";
export { batches } from "./order.ts";
export { renderHtml } from "./render-html.ts";
export { renderPlan } from "./render-text.ts";
