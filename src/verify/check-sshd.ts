// Asks sshd, with the real OpenSSH client, for a login by password: it must offer public keys and nothing else.
import { isIPv6 } from "node:net";
import type { HostAddress } from "../host/index.ts";
import type { RunResult } from "../lib/run.ts";
import { failed, passed, skipped, type Check } from "./check.ts";
import { isOpen, type Expectation } from "./expectation.ts";
import { scan } from "./programs.ts";
import type { Vantage } from "./vantage.ts";

const SSHD = "sshd refuses passwords";
const TIMEOUT_MS = 20_000;
/** Ways in that need no key; asked for as if somebody had a password to try. */
const WANTED = "password,keyboard-interactive";

/** From each position that the estate lets in; from nowhere, if it lets none of them in. */
export async function checkSshd(
  from: readonly Vantage[],
  host: HostAddress,
  expectation: Expectation,
  signal?: AbortSignal,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const vantage of from) {
    if (await isLetIn(vantage, host, expectation, signal)) checks.push(await askSshd(vantage, host, signal));
  }
  if (checks.length > 0) return checks;
  const where = from.map(({ name }) => name).join(", ");
  return [skipped({ name: SSHD, from: where }, "the estate opens ssh to nobody who looks")];
}

async function askSshd(vantage: Vantage, host: HostAddress, signal?: AbortSignal): Promise<Check> {
  const about = { name: SSHD, from: vantage.name };
  const answers: string[] = [];
  for (const user of new Set([host.user, "root"])) {
    const seen = await vantage.run(sshArgv(host, user), { timeoutMs: TIMEOUT_MS, signal }).catch(notFound);
    if (seen === "no ssh") return skipped(about, "there is no ssh where the check runs from");
    answers.push(`${user}: ${lastLine(seen)}`);
  }
  const refused = answers.filter((line) => line.endsWith(" Permission denied (publickey)."));
  const seen = { counts: { asked: answers.length, refused: refused.length }, evidence: answers };
  if (refused.length < answers.length)
    return failed(about, "sshd did not answer `Permission denied (publickey)` to everybody", seen);
  return passed(about, `${WANTED} for ${host.user} and root: refused, only public keys are offered`, seen);
}

/** Where the estate keeps the port closed there is nobody to ask; that it is closed is another check. */
async function isLetIn(vantage: Vantage, host: HostAddress, expectation: Expectation, signal?: AbortSignal) {
  const family = isIPv6(host.address) ? 6 : 4;
  const nothing = { tcp: [], udp: [], answerMs: 100, window: 1 };
  const [seen] = await scan(vantage.run, { ...nothing, targets: [{ family, address: host.address }] }, signal);
  const source = seen?.source ?? null;
  return source !== null && isOpen(expectation, { proto: "tcp", port: host.port, family }, source);
}

function sshArgv(host: HostAddress, user: string): string[] {
  const options = {
    PreferredAuthentications: WANTED,
    PubkeyAuthentication: "no",
    NumberOfPasswordPrompts: "1",
    ConnectTimeout: "10",
    StrictHostKeyChecking: "yes",
    // The pinned keys without a file: nothing is left where the check ran from.
    KnownHostsCommand: `/usr/bin/printf "%%s %%s %%s\\n" ${host.hostKeys.map((key) => pin(host.id, key)).join(" ")}`,
    UserKnownHostsFile: "/dev/null",
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlias: host.id,
    UpdateHostKeys: "no",
    LogLevel: "ERROR",
  };
  const words = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  return ["ssh", "-F", "none", "-T", ...words, "-p", String(host.port), "-l", user, host.address, "true"];
}

function pin(id: string, key: string): string {
  return [id, ...key.split(" ").slice(0, 2)].join(" ");
}

function notFound(error: unknown): "no ssh" {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return "no ssh";
  throw error;
}

function lastLine({ status, stderr, timedOut }: RunResult): string {
  if (timedOut) return `no answer within ${TIMEOUT_MS / 1000} s`;
  // A login that worked is the worst answer of all, and prints nothing.
  if (status === 0) return "was let in";
  return stderr.trim().split("\n").at(-1)?.trim() ?? "";
}
