// The lab: disposable twins of real hosts, booted on this machine, with a network that nothing leaves.
export { exportImage } from "./export-image.ts";
export { buildImage } from "./image.ts";
export { type Lab, prepareLab } from "./lab.ts";
export { joinNeighbour } from "./neighbour.ts";
export { publishImage } from "./registry.ts";
export { type Twin, bootTwin } from "./twin.ts";
