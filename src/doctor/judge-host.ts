// What a host answered, against what Demesne needs there. Pure.
import type { EstateHost } from "../estate/index.ts";
import { bad, ok, type Finding } from "./finding.ts";
import type { Answers } from "./host-questions.ts";
import { isAtLeast, versionIn } from "./version-number.ts";

/** Older ones print the firewall's table in another form than it is written in. */
const NFT = "1.0.6";
/** What the firewall was tried with; older engines show loopback ports to neighbours. */
const DOCKER = "26.1";
const PYTHON = "3.9";
const ROOM_KIB = 2 * 2 ** 20;
const CLOCK_S = 30;

export function judgeHost(answers: Answers, host: EstateHost, nowMs: number): readonly Finding[] {
  return [
    python(answers),
    init(answers),
    system(answers, host),
    nft(answers),
    ...(host.roles.includes("docker") ? [docker(answers)] : []),
    clock(answers, nowMs),
    ...["rootfree", "varfree"].map((name) => room(answers, name)),
    ...reboot(answers),
  ];
}

function python(answers: Answers): Finding {
  const version = answers.get("python") ?? "";
  const fix = "on the host, as root: apt-get install python3";
  if (version === "") return bad("error", "python3", "cannot be run: neither the look nor Ansible works without", fix);
  return isAtLeast(version, PYTHON)
    ? ok("python3", version)
    : bad("error", "python3", `is ${version}, and ${PYTHON} is needed`, fix);
}

function init(answers: Answers): Finding {
  const first = answers.get("init") ?? "";
  if (first === "systemd") return ok("systemd", "is the first process");
  const fix = "choose a host with systemd: containers and WSL often have none";
  return bad("error", "systemd", `is not the first process, ${first || "which cannot be told"} is`, fix);
}

function system(answers: Answers, { os, id }: EstateHost): Finding {
  const found = answers.get("os") ?? "";
  if (found === os) return ok("system", found);
  const supported = ["debian-12", "debian-13", "ubuntu-24.04"];
  const fix = supported.includes(found)
    ? `set os: ${found} for ${id} in inventory/hosts.yaml`
    : `install one of ${supported.join(", ")} on it`;
  return bad("error", "system", `is ${found || "not told"}, the estate says ${os}`, fix);
}

function nft(answers: Answers): Finding {
  const version = versionIn(answers.get("nft") ?? "");
  if (version === undefined)
    return bad("note", "nft", "is not there yet", "nothing to do: the role firewall installs it");
  if (isAtLeast(version, NFT)) return ok("nft", version);
  return bad(
    "error",
    "nft",
    `is ${version}, and ${NFT} is needed`,
    "on the host, as root: apt-get install --only-upgrade nftables",
  );
}

function docker(answers: Answers): Finding {
  const version = versionIn(answers.get("docker") ?? "");
  if (version === undefined && (answers.get("dockerfound") ?? "") !== "") {
    return bad("warning", "docker", "is there and does not answer", "on the host: systemctl status docker");
  }
  if (version === undefined)
    return bad("note", "docker", "is not there yet", "nothing to do: the role docker installs it");
  if (isAtLeast(version, DOCKER)) return ok("docker", version);
  const fix = "name Docker's own packages under aptSources in inventory/hosts.yaml, then plan";
  return bad("error", "docker", `is ${version}, and ${DOCKER} is needed`, fix);
}

function clock(answers: Answers, nowMs: number): Finding {
  const there = Number(answers.get("time"));
  const apart = Math.round(Math.abs(there - nowMs / 1000));
  const fix = "on the host: timedatectl set-ntp true; here: timedatectl";
  if (answers.get("time") === undefined || Number.isNaN(there)) return bad("warning", "clock", "is not told", fix);
  if (apart > CLOCK_S)
    return bad("error", "clock", `is ${apart} s away from this machine's: plans expire by both`, fix);
  if (answers.get("synchronised") === "yes") return ok("clock", "is synchronised, and agrees with this machine's");
  return bad("warning", "clock", "agrees with this machine's, and follows no time server", fix);
}

function room(answers: Answers, name: string): Finding {
  const subject = name === "rootfree" ? "disk /" : "disk /var/lib";
  const free = Number(answers.get(name) || Number.NaN);
  const fix = "free some space there, or give it a larger disk";
  if (Number.isNaN(free)) return bad("warning", subject, "its free space is not told", fix);
  if (free >= ROOM_KIB) return ok(subject, `${Math.floor(free / 2 ** 20)} GiB free`);
  return bad("error", subject, `${Math.floor(free / 1024)} MiB free; packages and images need ${ROOM_KIB / 1024}`, fix);
}

function reboot(answers: Answers): readonly Finding[] {
  if (answers.get("reboot") !== "yes") return [];
  const fix = "on the host, at a good time: systemctl reboot";
  return [
    bad("warning", "reboot", "an update waits for one: the running kernel or a library is older than the disk's", fix),
  ];
}
