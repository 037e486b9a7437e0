// The gateway: the only place that holds upstream keys and the one seam between hosted Claude and a local worker.
// A client's request goes in with a virtual key; what policy lets through goes out with the upstream's key.
// As a process of its own (a container, a unit) it is main.js: it needs this room, ledger, lib, undici, yaml and zod, and
// prices.yaml, which is read and not imported.
export { GatewayConfig } from "./config.ts";
export { firstConfig } from "./first-config.ts";
export { startGateway } from "./gateway.ts";
export { loadConfig, readKey } from "./load-config.ts";
export { callManagement } from "./management-client.ts";
export { systemdUnit } from "./systemd-unit.ts";
