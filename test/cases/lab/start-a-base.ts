// Starts to build a base in the folder given; the journey kills it on the way.
import { bootTwin, prepareLab } from "../../../src/lab/index.ts";

const lab = await prepareLab({ systems: [], progress: { step: (title) => console.log(title), detail: (text) => console.log(text) } });
await bootTwin(lab, { id: "never", os: "debian-13", user: "ops" });
