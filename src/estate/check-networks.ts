// No two networks of containers may overlap, and no host may have its address inside one.
import { at, type EstateFiles } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import { type Network, overlap, parseAddress, parseNetwork } from "./network.ts";
import type { YamlSource } from "./yaml-source.ts";

type Placed = { readonly source: YamlSource; readonly path: Path; readonly text: string; readonly network: Network };

export function checkNetworks(files: EstateFiles): readonly Finding[] {
  return [...checkOverlaps(files), ...checkRoom(files)];
}

/** Docker cuts its pool into networks of /24 and /64; a service with containers of its own takes one. */
function checkRoom({ estate }: EstateFiles): readonly Finding[] {
  const wanted = { network4: 20, network6: 60 } as const;
  return (["network4", "network6"] as const).flatMap((member) => {
    const text = estate.value.containerPool[member];
    if (Number(text.split("/")[1]) <= wanted[member]) return [];
    const what = `should have room for sixteen networks, /${wanted[member]} or larger, got ${text}`;
    return [at(estate, ["containerPool", member], what, "give it a larger range that nothing else uses")];
  });
}

function checkOverlaps(files: EstateFiles): readonly Finding[] {
  const networks = containerNetworks(files);
  const addresses = hostAddresses(files);
  return [...networks, ...addresses].flatMap((later, index) => {
    const earlier = networks.slice(0, index).find((network) => overlap(network.network, later.network));
    if (earlier === undefined) return [];
    const what = `should be apart from ${earlier.path.join("/")} (${earlier.text}), got ${later.text}`;
    return [at(later.source, later.path, what, "give it a range that nothing else uses")];
  });
}

function containerNetworks({ estate }: EstateFiles): readonly Placed[] {
  const { tiers, containerPool } = estate.value;
  const pairs: (readonly [Path, { network4: string; network6: string } | undefined])[] = [
    [["tiers", "team"], tiers.team],
    [["tiers", "guest"], tiers.guest],
    [["tiers", "agent"], tiers.agent],
    [["containerPool"], containerPool],
  ];
  return pairs.flatMap(([path, networks]) => {
    if (networks === undefined) return [];
    const { network4, network6 } = networks;
    return [
      ...placed(estate, [...path, "network4"], network4, parseNetwork(network4)),
      ...placed(estate, [...path, "network6"], network6, parseNetwork(network6)),
    ];
  });
}

function hostAddresses({ hosts }: EstateFiles): readonly Placed[] {
  return Object.entries(hosts.value.hosts).flatMap(([id, host]) => [
    ...placed(hosts, ["hosts", id, "address"], host.address, parseAddress(host.address)),
    ...(host.address6 === undefined
      ? []
      : placed(hosts, ["hosts", id, "address6"], host.address6, parseAddress(host.address6))),
  ]);
}

function placed(source: YamlSource, path: Path, text: string, network: Network | undefined): readonly Placed[] {
  return network === undefined ? [] : [{ source, path, text, network }];
}
