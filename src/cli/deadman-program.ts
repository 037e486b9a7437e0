// The dead-man's program. It is put on every host, so its text is part of what an estate wants and of what a plan holds.
import { readFileSync } from "node:fs";

export const deadmanProgram = readFileSync(new URL("../roles/deadman.py", import.meta.url), "utf8");
