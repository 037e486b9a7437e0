// Boots a twin and never removes it: the journeys end this process in rude ways.
import { bootTwin, joinNeighbour, prepareLab } from "../../../src/lab/index.ts";
import { tracesOf } from "./traces.ts";

const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
const twin = await bootTwin(lab, { id: "held", os: "debian-13", user: "ops" });
await joinNeighbour(twin);
console.log(JSON.stringify(tracesOf(twin)));
setInterval(() => {}, 60_000);
