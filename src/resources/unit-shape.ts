// The shapes of a unit, and the drop-in by which Demesne configures it.
import { z } from "zod";
import type { Change } from "./kind.ts";

export const UnitWanted = z
  .strictObject({
    name: z
      .string()
      // One template without its instance would make systemctl answer for no unit at all.
      .regex(/^[\w.:][\w.:-]*(@[\w.:-]+)?\.(service|socket|timer|target|mount|path)$/)
      .meta({ description: "Full unit name", examples: ["ssh.service"] }),
    enabled: z.boolean().optional().meta({ description: "Starts at boot; not looked at when absent" }),
    active: z.boolean().optional().meta({ description: "Runs now; not looked at when absent" }),
    masked: z.boolean().optional().meta({ description: "Cannot be started at all, whether it exists or not" }),
    config: z
      .string()
      .optional()
      .meta({ description: "Digest of the configuration that the running process must have been started with" }),
    preflight: z
      .array(z.string())
      .optional()
      .meta({
        description: "Program that must accept the configuration before the unit is restarted",
        examples: [["sshd", "-t"]],
      }),
    conflict: z
      .string()
      .optional()
      .meta({ description: "Why it must neither run nor be enabled; where it does, that is a refusal" }),
    settings: z
      .array(z.string())
      .optional()
      .meta({ description: "Further lines of the drop-in's [Service] section", examples: [["NoNewPrivileges=yes"]] }),
  })
  .refine(({ name, config, settings }) => name.endsWith(".service") || (config ?? settings) === undefined, {
    message: "only a service has a configuration and settings: its drop-in is a [Service] section",
  });
export type UnitWanted = z.infer<typeof UnitWanted>;

export const UnitObserved = z.strictObject({
  load: z.enum(["loaded", "not-found", "masked", "broken"]),
  enabled: z.boolean().nullable().meta({ description: "null: it has no [Install] section, so it cannot be enabled" }),
  active: z.boolean(),
  ours: z.boolean().meta({ description: "The unit file itself lies in /etc/systemd/system" }),
  dropIn: z.string().meta({ description: "Text of Demesne's drop-in; empty when there is none" }),
  running: z.string().nullable().meta({ description: "Digest that it was started with" }),
});
export type UnitObserved = z.infer<typeof UnitObserved>;

export type UnitChange = Change<UnitWanted, UnitObserved>;

/** Credential that tells which configuration a unit was started with; systemd copies it at each start. */
export const CREDENTIAL = "demesne.config";

export function dropInPath(id: string): string {
  return `/etc/systemd/system/${id}.d/50-demesne.conf`;
}

export function dropInText(wanted: UnitWanted): string {
  const lines = [
    ...(wanted.config === undefined ? [] : [`SetCredential=${CREDENTIAL}:${wanted.config}`]),
    ...(wanted.settings ?? []),
  ];
  return lines.length === 0 ? "" : `# Written by Demesne.\n[Service]\n${lines.join("\n")}\n`;
}
