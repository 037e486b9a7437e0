// A kernel setting that is in force now. That it is in force after a boot too is the matter of a file in /etc/sysctl.d.
import { z } from "zod";
import { same, type Kind } from "./kind.ts";
import { StatAnswer, type Query } from "./query.ts";
import { command } from "./step.ts";

export const SysctlWanted = z.strictObject({
  key: z
    .string()
    .regex(/^[a-z0-9_.-]+$/)
    .meta({ description: "Dotted name", examples: ["net.ipv4.conf.all.rp_filter"] }),
  value: z
    .string()
    .meta({ description: "Value as the kernel prints it, fields separated by one space", examples: ["1"] }),
});
export type SysctlWanted = z.infer<typeof SysctlWanted>;

export const SysctlObserved = z.strictObject({
  value: z.string().nullable().meta({ description: "null: this kernel has no such setting" }),
});
export type SysctlObserved = z.infer<typeof SysctlObserved>;

const query = (key: string): Query => ({ ask: "stat", path: `/proc/sys/${key.replaceAll(".", "/")}`, content: true });

export const sysctl: Kind<SysctlWanted, SysctlObserved> = {
  kind: "sysctl",
  purpose: "A kernel setting that is in force now.",
  wanted: SysctlWanted,
  observed: SysctlObserved,
  ownable: false,
  absent: { value: null },
  id: (wanted) => wanted.key,
  needs: () => [],

  probe: (id) => [query(id)],
  read(id, answers) {
    const answer = answers(query(id));
    if ("unobservable" in answer) return answer;
    const { type, content } = StatAnswer.parse(answer);
    if (type === "absent") return { value: null };
    return content === undefined
      ? { unobservable: `${id} cannot be read` }
      : { value: content.trim().split(/\s+/).join(" ") };
  },

  compare(wanted, observed) {
    if (observed.value === wanted.value) return same;
    if (observed.value === null) {
      return {
        verdict: "refused",
        what: `this kernel has no setting ${wanted.key}`,
        fix: `waive it in estate.yaml (control: sysctl/${wanted.key}), or load the module that brings it`,
      };
    }
    return {
      verdict: "differs",
      action: "update",
      differences: [{ path: "value", from: observed.value, to: wanted.value }],
      risk: "routine",
    };
  },
  isPresent: () => false,

  predict: () => ({}),
  touches: () => ({}),

  tasks(changes) {
    const settings = changes.flatMap(({ wanted }) => (wanted === undefined ? [] : [`${wanted.key}=${wanted.value}`]));
    return settings.length === 0
      ? []
      : [command(`set ${settings.length} kernel settings`, ["sysctl", "--write", ...settings])];
  },
  idempotent: ({ key, value }) => [
    {
      name: `look at ${key}`,
      module: "command",
      args: { argv: ["sysctl", "--values", key] },
      register: "demesne_sysctl",
      changedWhen: "false",
      checkMode: false,
    },
    {
      name: `set ${key}`,
      module: "command",
      args: { argv: ["sysctl", "--write", `${key}=${value}`] },
      when: `demesne_sysctl.stdout.split() | join(' ') != ${JSON.stringify(value)}`,
    },
  ],

  sentence: ({ id, wanted }) => `set ${id} to ${wanted?.value}`,
};
