// All commands, each loaded only when it is asked for: a start must not pay for what it does not use.
import type { Command } from "./command.ts";

type Entry = { readonly name: string; readonly summary: string; readonly load: () => Promise<Command> };

export const commands: readonly Entry[] = [
  {
    name: "init",
    summary: "write a complete estate into an empty folder, or go on where an earlier run was stopped",
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "doctor",
    summary: "tell what stands in the way on this machine, in the estate and on a host, and what mends it",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "plan",
    summary: "show every change that would make the hosts as the estate wants them",
    load: async () => (await import("./plan.ts")).plan,
  },
  {
    name: "approve",
    summary: "show a saved plan and sign it, or tell how it stands (--check)",
    load: async () => (await import("./approve.ts")).approve,
  },
  {
    name: "apply",
    summary: "run a saved plan, and look whether the hosts are as wanted",
    load: async () => (await import("./apply.ts")).apply,
  },
  {
    name: "rehearse",
    summary: "boot disposable twins of the hosts here, then plan, apply, verify and plan again",
    load: async () => (await import("./rehearse.ts")).rehearse,
  },
  {
    name: "status",
    summary: "tell what is going on at the hosts, and how the last apply ended",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "drift",
    summary: "tell whether any host has moved away from what the estate wants",
    load: async () => (await import("./drift.ts")).drift,
  },
  {
    name: "lint",
    summary: "check every file of the estate: schemas, names, containers, images, scripts, modes",
    load: async () => (await import("./lint.ts")).lint,
  },
  {
    name: "service",
    summary: "new, list: take a service out of the catalogue into the estate",
    load: async () => (await import("./service.ts")).service,
  },
  {
    name: "images",
    summary: "lock, check: which digest each image's tag stands for at its registry",
    load: async () => (await import("./images.ts")).images,
  },
  {
    name: "test",
    summary: "test the estate without touching a host: services, guard, secrets in files and history",
    load: async () => (await import("./test.ts")).test,
  },
  {
    name: "log",
    summary: "show what was done to the hosts, verify the ledger (log verify) or sign it (log checkpoint)",
    load: async () => (await import("./log.ts")).log,
  },
  {
    name: "export",
    summary: "write the whole estate as a plain Ansible project",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  {
    name: "image",
    summary: "build the gateway's image into a file, for a registry of yours",
    load: async () => (await import("./image.ts")).image,
  },
  {
    name: "secrets",
    summary: "edit, get, set, rotate, recipients, check, scan: the estate's encrypted secrets",
    load: async () => (await import("./secrets.ts")).secrets,
  },
  {
    name: "guard",
    summary: "install, status, test, checkpoint, verify: the guardrails of a coding agent in this estate",
    load: async () => (await import("./guard.ts")).guard,
  },
  {
    name: "gateway",
    summary: "run the gateway here and print how to point a client at it",
    load: async () => (await import("./gateway.ts")).gateway,
  },
  {
    name: "keys",
    summary: "issue, list, show, revoke, rotate: the gateway's virtual keys",
    load: async () => (await import("./keys.ts")).keys,
  },
];
