// The gateway: the only place that holds upstream keys and the one seam between hosted Claude and a local worker.
// A client's request goes in with a virtual key; what policy lets through goes out with the upstream's key.
export { GatewayConfig } from "./config.ts";
export { writeFirstConfig } from "./first-config.ts";
export { startGateway } from "./gateway.ts";
export { loadConfig, readKey } from "./load-config.ts";
export { callManagement } from "./management-client.ts";

/**
 * What a container image of the gateway needs, relative to the package's root, besides Node 26; started as
 * `node src/gateway/main.ts --config FILE`. None of the three packages has dependencies of its own.
 */
export const imageFiles = [
  "package.json",
  "src/lib",
  "src/ledger",
  "src/gateway",
  "node_modules/undici",
  "node_modules/yaml",
  "node_modules/zod",
] as const;
