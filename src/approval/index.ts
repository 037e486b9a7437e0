// Approvals: signs a plan's bytes with a person's SSH key, and tells from the signatures whether the plan may be applied.
export { allowedSigners, NAMESPACE, type Signer } from "./allowed-signers.ts";
export { approve } from "./approve.ts";
export { approvalsOf } from "./approvals.ts";
export { identify } from "./own-keys.ts";
export type { Standing } from "./judge.ts";
