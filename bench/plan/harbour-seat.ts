// Harbour's control host as a twin that the real command line manages as if it were the real one: nothing left out.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { overlayOf } from "../../src/cli/rehearsal/rehearse-host.ts";
import { loadEstate } from "../../src/estate/index.ts";
import type { Lab, Twin } from "../../src/lab/index.ts";
import { sysctlSettings } from "../../src/roles/sysctl-settings.ts";
import { renameOperator, harbour, type EstateCopy } from "../../test/journeys/estate-copy.ts";
import { takeSeat, type Seat } from "../../test/journeys/seat.ts";

const USER = "ops";
const HOSTS = "inventory/hosts.yaml";
const WAIVED_ALREADY = new Set(["kernel.panic_on_oops", "user.max_user_namespaces"]);

// A twin shares its machine's kernel. These would not run in it, so there something sleeps in their place, and the
// command line need not be told that its host is a twin.
const SLEEPERS = ["auditd.service", "apparmor.service", "systemd-timesyncd.service"];
const SLEEPER = "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n";

export async function openHarbour(): Promise<Seat> {
  const seat = await takeSeat({ estate: harbour, user: USER, place });
  for (const name of SLEEPERS) await seat.inTwin(`printf '${SLEEPER}' > /etc/systemd/system/${name}`);
  await seat.inTwin("systemctl daemon-reload");
  return seat;
}

async function place(estate: EstateCopy, twin: Twin, lab: Lab): Promise<void> {
  const { address4, address6, address } = twin;
  renameOperator(estate);
  estate.edit(HOSTS, "    address: 192.0.2.10\n", `    address: ${address4}\n`);
  estate.edit(HOSTS, "    address6: 2001:db8:10::10\n", `    address6: ${address6}\n`);
  estate.edit(HOSTS, keyOf(estate, "control"), address.hostKeys.join("\n      - "));
  estate.edit(HOSTS, '[203.0.113.0/24, "2001:db8:113::/48"]', "[any]");
  const login = readFileSync(`${address.identityFile}.pub`, "utf8").trim();
  estate.edit("estate.yaml", "    sudo: true #", `      - ${login}\n    sudo: true #`);
  waiveKernel(estate);
  estate.edit("services/chat/service.yaml", "state: live", "state: dormant");
  // Where control groups have no cpu controller, Docker refuses the limit.
  estate.edit("services/gateway/compose.yaml", "    cpus: 1\n", "");
  await publishGateway(estate, twin, lab);
}

function keyOf(estate: EstateCopy, id: string): string {
  const text = readFileSync(resolve(estate.folder, HOSTS), "utf8");
  const key = new RegExp(`^  ${id}:[^]*?hostKeys:[^]*?- (ssh-ed25519 .*)$`, "m").exec(text)?.[1];
  if (key === undefined) throw new TypeError(`${HOSTS} has no host key for ${id}`);
  return key;
}

function waiveKernel(estate: EstateCopy): void {
  const own = sysctlSettings.filter((each) => each.ownKernel === true && !WAIVED_ALREADY.has(each.key));
  const controls = own.map(({ key }) => `sysctl/${key}`).join(", ");
  const waiver = `\nwaivers:\n  - controls: [${controls}]\n    reason: a twin shares its kernel\n    owner: operator\n    until: "9999-12-31"\n`;
  estate.edit("estate.yaml", "\nwaivers:\n", waiver);
}

/** Into the twin's own registry, where a host of one's own would have it from a registry of one's own. */
async function publishGateway(estate: EstateCopy, twin: Twin, lab: Lab): Promise<void> {
  const nobody = { url: "http://198.18.0.1:1", seen: () => Promise.resolve([]), stop: () => {} };
  const real = await loadEstate(estate.folder, { signal: AbortSignal.timeout(10_000) });
  const image = (await overlayOf(real, lab, twin, nobody)).images["demesne-gateway"];
  if (image === undefined) throw new TypeError("harbour builds no gateway");
  const name = image.ref;
  estate.edit("services/gateway/compose.yaml", "image: demesne-gateway", `image: ${name}`);
  estate.edit("inventory/images.lock.yaml", "\nimages:\n", `\nimages:\n  ${name}: ${image.digest}\n`);
}
