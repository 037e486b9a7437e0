// A small estate (one firewall) whose host is a twin: enough to be planned and applied many times over.
import { resolve } from "node:path";
import type { Twin } from "../../src/lab/index.ts";
import type { EstateCopy } from "./estate-copy.ts";
import { takeSeat, type Seat } from "./seat.ts";

const WALL = resolve(import.meta.dirname, "../estates/wall");
const STAND_IN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7U2fxwtEf8imDlimxK24EBqqh6i6fU7obAMIrriR68 TEST";

export async function openWall(): Promise<Seat> {
  return await takeSeat({ estate: WALL, user: "operator", place: placeTwin });
}

function placeTwin(estate: EstateCopy, { address4, address }: Twin): void {
  estate.edit("inventory/hosts.yaml", "192.0.2.10", address4);
  estate.edit("inventory/hosts.yaml", STAND_IN, address.hostKeys.join(", "));
}
