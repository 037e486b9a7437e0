// A host over ssh, as its operator's user with sudo: it keeps the promises that the fake host keeps.
import { SshHost, type Host } from "../../src/host/index.ts";
import { type Twin, bootTwin, prepareLab } from "../../src/lab/index.ts";
import { hostConformance } from "../cases/host/conformance.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
let twin: Twin | undefined;
let ssh: SshHost | undefined;

async function open(): Promise<Host> {
  const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
  twin = await bootTwin(lab, { id: "control", os: "debian-13", user: "ops" });
  ssh = await SshHost.open(twin.address);
  return ssh;
}

async function close(): Promise<void> {
  await ssh?.close();
  await twin?.destroy();
}

hostConformance("ssh to a twin", open, close, skip);
