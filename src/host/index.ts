// The port to a host: the only holder of SSH credentials. A `Host` runs programs on the machine it stands for.
export type { Host, HostAddress } from "./host.ts";
export { SshHost } from "./ssh-host.ts";
export { shellQuote } from "./shell-quote.ts";
export { localHost } from "./local-host.ts";
