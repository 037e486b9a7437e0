// What must be so on the host for the rest to hold: services are well, the firewall's table is loaded and comes first.
import { failed, passed, skipped, type Check } from "./check.ts";
import { containersWith, type Container } from "./docker.ts";
import type { Expectation } from "./expectation.ts";
import type { Inside } from "./vantage.ts";

export const SERVICES = "services are healthy";
export const FIREWALL = "the firewall's table is loaded";

export async function checkServices(inside: Inside, expectation: Expectation, signal?: AbortSignal): Promise<Check> {
  const about = { name: SERVICES, from: "inside" };
  if (expectation.services.length === 0) return skipped(about, "no service runs on this host");
  const evidence: string[] = [];
  let well = 0;
  for (const service of expectation.services) {
    const found = await containersWith(inside, `com.docker.compose.project=${service.name}`, signal);
    for (const name of service.containers) {
      const state = stateOf(found.find(({ Config }) => Config.Labels?.["com.docker.compose.service"] === name));
      if (state === "healthy" || state === "running") well += 1;
      evidence.push(`${service.name}/${name}: ${state}`);
    }
  }
  const seen = { counts: { containers: evidence.length, healthy: well }, evidence };
  if (well < evidence.length) return failed(about, `${evidence.length - well} container(s) are not well`, seen);
  return passed(about, `${well} container(s) are well`, seen);
}

/** `running` is enough only for a container that says nothing about its health. */
function stateOf(container: Container | undefined): string {
  if (container === undefined) return "absent";
  const { Status, Health } = container.State;
  return Status === "running" ? (Health?.Status ?? Status) : Status;
}

const hooks = [
  ["input drops by default", /hook input priority filter; policy drop;/],
  ["forward drops by default, before Docker's own chain", /hook forward priority filter - 10; policy drop;/],
] as const;

export async function checkFirewall(inside: Inside, signal?: AbortSignal): Promise<Check> {
  const about = { name: FIREWALL, from: "inside" };
  const argv = ["nft", "--stateless", "list", "table", "inet", "demesne"];
  const { status, stdout, stderr } = await inside.exec(argv, { timeoutMs: 10_000, signal });
  const evidence = hooks.map(([what, pattern]) => `${what}: ${pattern.test(stdout) ? "yes" : "no"}`);
  const good = hooks.filter(([, pattern]) => pattern.test(stdout)).length;
  const seen = { counts: { chains: hooks.length, asExpected: good }, evidence };
  if (status !== 0) return failed(about, `nft does not list it: ${stderr.trim().split("\n")[0] ?? ""}`, seen);
  if (good < hooks.length) return failed(about, "a chain is not as it must be", seen);
  return passed(about, "both chains are there and drop by default", seen);
}
