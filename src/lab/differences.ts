// The "twin overlay": every way in which a twin differs from the real host it stands for, printed so that nobody takes one
// for the other.
import { APT_DROP_IN, NETWORK_FILE } from "./furnish.ts";
import type { Subnet } from "./addresses.ts";

export type Difference = {
  readonly what: string;
  readonly real: string;
  readonly twin: string;
};

export type DifferencesOf = {
  readonly subnet: Subnet;
  readonly realAddress: string | undefined;
  readonly pretty: string;
  readonly reason: string | undefined;
  /** What can limit processes in the twin: memory, cpu, pids, ... */
  readonly controllers: readonly string[];
};

export function differencesOf({ subnet, realAddress, pretty, reason, controllers }: DifferencesOf): Difference[] {
  return [
    { what: "address", real: realAddress ?? "the estate's", twin: `${subnet.twin4}, ${subnet.twin6}` },
    { what: "operating system", real: "the estate's", twin: reason === undefined ? pretty : `${pretty}: ${reason}` },
    { what: "host keys", real: "the pinned ones", twin: "made for this twin, pinned for this run; no RSA key" },
    { what: "login key", real: "the operator's", twin: "made for this twin" },
    { what: "machine-id", real: "the host's own", twin: "made for this twin" },
    { what: "interface", real: "the provider's", twin: `host0, a veth on this machine, set up by ${NETWORK_FILE}` },
    {
      what: "kernel",
      real: "the host's own",
      twin: "this machine's: kernel.*, vm.*, fs.* and the clock cannot be set",
    },
    {
      what: "uptime",
      real: "counts from its boot",
      twin: "counts from this machine's boot, through a twin's reboot too",
    },
    { what: "limits on memory, CPU, tasks", real: "enforced", twin: enforced(controllers) },
    { what: "kernel modules", real: "systemd-modules-load", twin: "masked" },
    {
      what: "package mirror",
      real: "reached directly",
      twin: `this machine's, through a proxy named in ${APT_DROP_IN}`,
    },
    { what: "name resolution", real: "the provider's resolver", twin: "none" },
    { what: "way out", real: "the provider's network", twin: "none: nothing leaves this machine" },
    {
      what: "/var/lib/docker, /var/lib/containerd",
      real: "made by Docker",
      twin: "empty folders mounted from this machine",
    },
    {
      what: "registry on 127.0.0.1:5000",
      real: "absent",
      twin: "demesne-lab-registry.service, where the lab published an image; its program in /usr/lib/demesne-lab",
    },
  ];
}

function enforced(controllers: readonly string[]): string {
  const missing = ["memory", "cpu", "pids"].filter((name) => !controllers.includes(name));
  return missing.length === 0
    ? "enforced"
    : `not enforced for ${missing.join(", ")}: this machine's cgroup2 has no such controller`;
}
