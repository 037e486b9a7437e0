// A twin must reach this machine on its own link: for packages, and for what stands in for the outside world there.
import { Problem } from "../lib/problem.ts";
import type { Twin } from "./twin.ts";

const LIMIT_MS = 15_000;

/** Throws Problem `prerequisite` when this machine's firewall keeps its twin out. */
export async function requireWayIn(twin: Pick<Twin, "exec" | "address4">, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  // bash's own redirection: a fresh host has no curl.
  const argv = ["bash", "-c", 'exec 3<>"/dev/tcp/$1/$2"', "way-in", hostname, port];
  const { status, stderr } = await twin.exec(argv, { timeoutMs: LIMIT_MS });
  if (status === 0) return;
  throw new Problem({
    code: "prerequisite",
    where: "lab: this machine's firewall",
    what: `does not let the twin ${twin.address4} reach ${hostname} port ${port}: ${stderr.trim() || "no answer"}`,
    fix: "let twins in, they can reach nothing but this machine: ufw allow in from 198.18.0.0/15, or the same for your firewall",
  });
}
