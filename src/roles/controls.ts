// Every control that an estate may waive, by name: what stands in its waivers must be one of these.
import { sshControls } from "./ssh-hardening.ts";
import { sysctlSettings } from "./sysctl-settings.ts";

/** `sysctl/KEY` for each kernel setting, `ssh-hardening/SETTING` for each of sshd's. */
export function controls(): ReadonlySet<string> {
  return new Set([
    ...sysctlSettings.map(({ key }) => `sysctl/${key}`),
    ...sshControls.map((key) => `ssh-hardening/${key}`),
  ]);
}
