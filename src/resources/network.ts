// A Docker bridge network that services of one tier share. Its bridge has a fixed name, so that firewall rules can name it.
import { z } from "zod";
import { readEngine } from "./docker.ts";
import { difference, same, type Change, type Kind } from "./kind.ts";
import type { Query } from "./query.ts";
import { command } from "./step.ts";

export const NetworkWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .meta({ description: "Network name", examples: ["demesne-team"] }),
  bridge: z
    .string()
    .max(15)
    .meta({ description: "Name of the bridge interface", examples: ["dm-team"] }),
  subnet4: z.string().meta({ description: "IPv4 subnet", examples: ["10.83.1.0/24"] }),
  subnet6: z
    .string()
    .optional()
    .meta({ description: "IPv6 subnet", examples: ["fd83:1::/64"] }),
  internal: z.boolean().default(false).meta({ description: "No way out of the bridge at all" }),
});
export type NetworkWanted = z.infer<typeof NetworkWanted>;

export const NetworkObserved = z.strictObject({
  present: z.boolean(),
  bridge: z.string(),
  subnets: z.array(z.string()).meta({ description: "Sorted" }),
  internal: z.boolean(),
  binding: z.string().meta({ description: "Address on which ports are published by default" }),
});
export type NetworkObserved = z.infer<typeof NetworkObserved>;

const BRIDGE = "com.docker.network.bridge.name";
const BINDING = "com.docker.network.bridge.host_binding_ipv4";
const LOOPBACK = "127.0.0.1";
const query: Query = { ask: "docker", path: "/networks" };

const EngineNetwork = z.object({
  Name: z.string(),
  Internal: z.boolean(),
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string() })).nullable() }),
  Options: z.record(z.string(), z.string()).nullable(),
});

export const network: Kind<NetworkWanted, NetworkObserved> = {
  kind: "network",
  purpose: "A Docker bridge network that services of one tier share.",
  wanted: NetworkWanted,
  observed: NetworkObserved,
  ownable: true,
  removalRisk: "restart",
  absent: { present: false, bridge: "", subnets: [], internal: false, binding: "" },
  id: (wanted) => wanted.name,
  needs: () => ["unit:docker.service"],

  probe: () => [query],
  read(id, answers) {
    const networks = readEngine(answers, query, z.array(EngineNetwork));
    if ("unobservable" in networks) return networks;
    const found = networks.body.find((each) => each.Name === id);
    if (found === undefined) return network.absent;
    return {
      present: true,
      bridge: found.Options?.[BRIDGE] ?? "",
      subnets: (found.IPAM.Config ?? []).map((each) => each.Subnet).sort(),
      internal: found.Internal,
      binding: found.Options?.[BINDING] ?? "",
    };
  },

  compare(wanted, observed) {
    const subnets = subnetsOf(wanted);
    if (!observed.present) {
      const differences = [{ path: "network", from: null, to: `${subnets.join(", ")} on ${wanted.bridge}` }];
      return { verdict: "differs", action: "create", differences, risk: "routine" };
    }
    const differences = [
      ...difference("bridge", observed.bridge, wanted.bridge),
      ...difference("subnets", observed.subnets.join(", "), subnets.join(", ")),
      ...difference("internal", observed.internal, wanted.internal),
      ...difference("default publishing address", observed.binding, LOOPBACK),
    ];
    return differences.length === 0 ? same : { verdict: "differs", action: "update", differences, risk: "restart" };
  },
  isPresent: (observed) => observed.present,

  predict: (change) => (change.action === "update" ? { recreated: [change.ref] } : {}),
  touches: () => ({}),

  tasks: (changes) =>
    changes.flatMap((change) => [
      ...(change.action === "create" ? [] : remove(change)),
      ...(change.wanted === undefined ? [] : [command(`make the network ${change.id}`, create(change.wanted))]),
    ]),
  idempotent: (wanted) => [
    {
      name: `look for the network ${wanted.name}`,
      module: "command",
      args: { argv: ["docker", "network", "inspect", wanted.name] },
      register: "demesne_network",
      changedWhen: "false",
      failedWhen: "false",
      checkMode: false,
    },
    {
      name: `make the network ${wanted.name}`,
      module: "command",
      args: { argv: create(wanted) },
      when: "demesne_network.rc != 0",
    },
  ],

  sentence({ action, id, differences }) {
    if (action === "update")
      return `make the network ${id} anew: ${differences.map((each) => each.path).join(", ")} cannot be changed in place`;
    return `${action === "create" ? "make" : "remove"} the network ${id}`;
  },
};

function subnetsOf(wanted: NetworkWanted): string[] {
  return [wanted.subnet4, ...(wanted.subnet6 === undefined ? [] : [wanted.subnet6])].sort();
}

function create({ name, bridge, subnet4, subnet6, internal }: NetworkWanted): string[] {
  const options = { [BRIDGE]: bridge, [BINDING]: LOOPBACK };
  return [
    "docker",
    "network",
    "create",
    "--driver=bridge",
    `--subnet=${subnet4}`,
    ...(subnet6 === undefined ? [] : ["--ipv6", `--subnet=${subnet6}`]),
    ...(internal ? ["--internal"] : []),
    ...Object.entries(options).map(([key, value]) => `--opt=${key}=${value}`),
    name,
  ];
}

/** Containers on it are removed first; their stack is made anew later in the same plan. */
function remove({ id }: Change<NetworkWanted, NetworkObserved>) {
  // One shell line, since the containers on it are only known by asking; the id is a checked name.
  const script = `ids=$(docker ps --all --quiet --filter network=${id}); [ -z "$ids" ] || docker rm --force $ids; docker network rm ${id}`;
  return [command(`remove the network ${id} and the containers on it`, ["sh", "-c", script])];
}
