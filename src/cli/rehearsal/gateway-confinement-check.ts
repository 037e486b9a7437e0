// What the gateway's process may do, asked of the kernel and not of the compose file.
import type { Check } from "../../verify/index.ts";
import { inContainer, type GatewayInTwin } from "./gateway-client.ts";

/** Tells of the container's first process, which is the gateway, and tries to write where it must not. */
const LOOK = `
const fs = require("node:fs");
const status = fs.readFileSync("/proc/1/status", "utf8");
const line = (name) => new RegExp("^" + name + ":\\\\s+(.*)$", "m").exec(status)?.[1] ?? "";
const tries = ["/", "/etc", "/usr", "/app", "/home"].filter((folder) => fs.existsSync(folder)).flatMap((folder) => {
  try {
    fs.writeFileSync(folder + "/.demesne-try", "");
    return [folder];
  } catch { return []; }
});
const root = fs.readFileSync("/proc/1/mounts", "utf8").split("\\n").map((one) => one.split(" ")).find((one) => one[1] === "/");
console.log(JSON.stringify({
  caps: ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => name + " " + line(name)),
  noNewPrivs: line("NoNewPrivs"), uid: line("Uid").split("\\t"), writable: tries,
  root: root?.[3] ?? "",
}));
`;

type Seen = {
  readonly caps: readonly string[];
  readonly noNewPrivs: string;
  readonly uid: readonly string[];
  readonly writable: readonly string[];
  readonly root: string;
};

export async function checkGatewayConfinement(gateway: GatewayInTwin): Promise<Check> {
  const { stdout, stderr } = await inContainer(gateway, ["node", "-e", LOOK]);
  const failures =
    stdout === "" ? [`the container could not be looked into: ${stderr.slice(0, 200)}`] : judge(JSON.parse(stdout));
  return {
    name: "the gateway runs with a read-only root, no capability and a user of its own",
    from: "the twin itself",
    result: failures.length === 0 ? "pass" : "fail",
    counts: { facts: 8 },
    detail:
      failures[0] ?? "nothing outside its state can be written; the kernel shows no capability, and no way to gain one",
    evidence: failures,
  };
}

function judge({ caps, noNewPrivs, uid, writable, root }: Seen): string[] {
  return [
    ...caps.filter((cap) => !/ 0+$/.test(cap)).map((cap) => `capabilities are left: ${cap}`),
    ...(noNewPrivs === "1" ? [] : ["it may gain privileges (NoNewPrivs is not set)"]),
    ...(uid.includes("0") || uid.length === 0 ? ["it runs as root"] : []),
    ...writable.map((folder) => `${folder} can be written`),
    ...(root.split(",").includes("ro") ? [] : [`its root is mounted ${root}`]),
  ];
}
