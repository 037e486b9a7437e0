// A program to put into an image: it uses a package and stays when told to.
import { existsSync } from "node:fs";
import * as z from "zod";

const zod = z.string().parse("ok");
const secret = existsSync("/app/.git") || existsSync("/app/test/cases/lab/traces.ts") ? "present" : "absent";
console.log(JSON.stringify({ zod, secret }));
process.on("SIGTERM", () => process.exit());
if (process.argv.includes("--stay")) setInterval(() => {}, 60_000);
