// The gateway's management socket: a file in its own memory, for its own user. It listens on its API's port and no other.
import { failed, passed, skipped, type Check } from "./check.ts";
import { containersOf } from "./check-tiers.ts";
import { containersWith, type Container } from "./docker.ts";
import type { Expectation } from "./expectation.ts";
import { askFrom } from "./probe-containers.ts";
import type { Inside } from "./vantage.ts";

export const MANAGEMENT = "the gateway's management socket is reached by nobody else";

const FOLDER = "/run/demesne-gateway";
const SOCKET = `${FOLDER}/management.sock`;
const NOBODY = "65534:65534";
const LISTENING = "0A";

export async function checkManagement(inside: Inside, expectation: Expectation, signal?: AbortSignal): Promise<Check> {
  const about = { name: MANAGEMENT, from: "inside" };
  const gateway = expectation.services.find((each) => each.gateway);
  if (gateway === undefined) return skipped(about, "no gateway runs on this host");
  const [container] = await containersOf(inside, gateway.name, signal);
  if (container === undefined) return failed(about, "the gateway has no container");
  const question = [{ path: SOCKET }];
  const [itself = "nothing"] = await askFrom(inside, container.Id, question, { signal });
  const [stranger = "nothing"] = await askFrom(inside, container.Id, question, { user: NOBODY, signal });
  const ports = await listeningPorts(inside, container, signal);
  const sharing = (await containersWith(inside, "", signal)).filter((each) => shares(each, container));
  const seen = {
    counts: {
      tcpPorts: ports.length,
      sharing: sharing.length,
      asked: 2,
      reached: [itself, stranger].filter(isOpen).length,
    },
    evidence: [
      `its own user: ${itself}`,
      `another user in the same container: ${stranger}`,
      `it listens on tcp ${ports.join(", ") || "nothing"}`,
      ...sharing.map(({ Id }) => `container ${Id.slice(0, 12)} shares its folder or its processes`),
    ],
  };
  // The control: without it, a socket that is not there would pass for a closed one.
  if (!isOpen(itself)) return failed(about, `the gateway's own user does not reach ${SOCKET}: ${itself}`, seen);
  if (isOpen(stranger)) return failed(about, "another user in the container reaches it", seen);
  if (ports.some((port) => port !== gateway.port))
    return failed(about, "the gateway listens on another TCP port too", seen);
  if (sharing.length > 0) return failed(about, "another container shares its folder or its processes", seen);
  return passed(
    about,
    "its own user reaches it; another user does not, no port and no other container leads to it",
    seen,
  );
}

function isOpen(answer: string): boolean {
  return answer === "open";
}

/** From the kernel's tables of the container's own network. */
async function listeningPorts(inside: Inside, { State: { Pid } }: Container, signal?: AbortSignal): Promise<number[]> {
  const files = ["tcp", "tcp6"].map((table) => `/proc/${Pid}/net/${table}`);
  const { stdout } = await inside.exec(["cat", ...files], { timeoutMs: 10_000, signal });
  const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const local = lines.filter((fields) => fields[3] === LISTENING).map((fields) => (fields[1] ?? "").split(":"));
  // Docker's own resolver listens in every container, on its loopback (127.0.0.11, bytes reversed).
  const own = local.filter(([address]) => address !== "0B00007F").map(([, port]) => Number.parseInt(port ?? "", 16));
  return [...new Set(own)].sort((a, b) => a - b);
}

function shares({ Id, HostConfig: { Binds, VolumesFrom, PidMode } }: Container, gateway: Container): boolean {
  if (Id === gateway.Id) return false;
  const isMounted = (Binds ?? []).some(
    (bind) => bind.includes(FOLDER) || bind.startsWith("/run:") || bind.startsWith("/:"),
  );
  const isJoined = [PidMode ?? "", ...(VolumesFrom ?? [])].some((word) => word.includes(gateway.Id) || word === "host");
  return isMounted || isJoined;
}
