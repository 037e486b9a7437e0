// The flags of `demesne gateway` that name a place. What is plainly meant is taken; for the rest a Problem names the flag.
import { isIPv4, isIPv6 } from "node:net";
import { Problem } from "../lib/problem.ts";

const MAX_PORT = 65_535;

/** ADDRESS:PORT, as the configuration has it. Throws Problem for what is no address of this machine. */
export function listenAddress(text: string): string {
  const [, host = "", digits = ""] = /^(?:(.*):)?(\d+)$/.exec(text.trim()) ?? [];
  const fix = "--listen 127.0.0.1:4100, or [::1]:4100; a port alone is one of 127.0.0.1";
  if (digits === "") throw wrong("--listen", `should be ADDRESS:PORT, got ${JSON.stringify(text)}`, fix);
  if (Number(digits) > MAX_PORT) throw wrong("--listen", `a port is 0-${MAX_PORT}, got ${digits}`, fix);
  const address = host === "" || host === "localhost" ? "127.0.0.1" : host;
  if (isIPv4(address) || isBracketed(address)) return `${address}:${Number(digits)}`;
  throw wrong("--listen", `should name an address of this machine, got ${JSON.stringify(host)}`, fix);
}

/** Without a zone: what the configuration takes. */
function isBracketed(address: string): boolean {
  const [, inner = ""] = /^\[([0-9a-fA-F:]+)\]$/.exec(address) ?? [];
  return isIPv6(inner);
}

/** The worker's base URL, without the /v1 that most workers' own documents put behind it. Throws Problem. */
export function workerUrl(text: string): string {
  const fix = "--worker http://HOST:PORT";
  const given = text.trim();
  const url = URL.parse(/^(?:[\w.-]+|\[[\w:]+\]):\d+(?:\/|$)/.test(given) ? `http://${given}` : given);
  // It would stand in a file and in the log.
  if (/^\w+:\/\/[^/]*@/.test(given)) {
    throw wrong("--worker", "a URL is no place for a credential", "name a keyFile in a configuration: --config FILE");
  }
  const wanted = `should be the worker's base URL, got ${JSON.stringify(given)}`;
  if (url === null || !/^https?:$/.test(url.protocol)) throw wrong("--worker", wanted, fix);
  if (url.search !== "" || url.hash !== "") throw wrong("--worker", `${wanted}, with a query or a fragment`, fix);
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
}

function wrong(where: string, what: string, fix: string): Problem {
  return new Problem({ code: "usage", where, what, fix });
}
