// Plan -> playbook -> Ansible, then a look whether the host is as wanted. Apply never plans anew: it runs what was planned.
export { applyHost, type Applied } from "./apply-host.ts";
export { installAnsible, pinnedAnsible, type Ansible } from "./install-ansible.ts";
export { exportProject } from "./export.ts";
export { wrapperDigest } from "./wrapper.ts";
export { readStatus, standingOf } from "./status.ts";
