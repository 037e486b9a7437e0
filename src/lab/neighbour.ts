// A machine beside the twin, on the same wire: what an attacker in the same network has. For checks from outside.
import { type RunResult, run } from "../lib/run.ts";
import { plainEnv } from "./command.ts";
import { startHolder } from "./holder.ts";
import { BRIDGE, ip } from "./link.ts";
import { noteHolder } from "./slots.ts";
import type { Twin, TwinExecOptions } from "./twin.ts";

export type Neighbour = {
  readonly address4: string;
  readonly address6: string;
  /** Runs a program of this machine in the neighbour's network; the file system is this machine's own. */
  run(argv: readonly string[], options: TwinExecOptions): Promise<RunResult>;
  /** Sends packets for a network behind the twin (its containers', say) straight to the twin. */
  routeThroughTwin(network: string): Promise<void>;
  /** Leaves the wire; the twin's end does the same. */
  leave(): Promise<void>;
};

/** Puts a neighbour on the twin's wire, with an address of its own in each family. */
export async function joinNeighbour(twin: Twin): Promise<Neighbour> {
  const { slot, subnet, holder, ending } = twin.wires;
  const index = twin.wires.nextPlace();
  const { address4, address6 } = subnet.neighbour(index);
  const own = await startHolder();
  ending.before(() => own.end());
  noteHolder(slot, own.mark);
  const plug = `side${index}`;
  await ip([`link add name ${plug} netns ${holder.pid} type veth peer name eth0 netns ${own.pid}`]);
  await ip([`link set ${plug} master ${BRIDGE} up addrgenmode none`], holder);
  await ip(
    [
      "link set lo up",
      `addr add ${address4}/24 dev eth0`,
      `addr add ${address6}/64 dev eth0 nodad`,
      "link set eth0 up",
    ],
    own,
  );
  return {
    address4,
    address6,
    run: (argv, options) => run(own.enter(argv), { ...options, env: plainEnv }),
    routeThroughTwin: async (network) => {
      const via = network.includes(":") ? twin.address6 : twin.address4;
      await ip([`route replace ${network} via ${via} dev eth0`], own);
    },
    leave: () => own.end(),
  };
}
