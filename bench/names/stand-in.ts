// A STAND-IN for Presidio: its HTTP shape around compromise, a rule-based reader of English whose words are in its npm
// package. It is measured under its own name, and installed into the cache only for that.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { z } from "zod";
import { cacheFolder } from "../../src/cli/cache-folder.ts";

const VERSION = "14.17.0";

const Asked = z.object({ text: z.string() });
const People = z.array(z.object({ text: z.string(), offset: z.object({ start: z.int(), length: z.int() }) }));

/** What is used of compromise. */
type Reader = (text: string) => { people(): { json(options: { offset: boolean }): unknown } };

export type StandIn = { readonly url: string; close(): void };

/** Nothing where it cannot be installed. */
export async function standIn(): Promise<StandIn | undefined> {
  const read = reader();
  if (read === undefined) return undefined;
  const server = createServer((request, response) => {
    void (async () => {
      const { text } = Asked.parse(JSON.parse(await readText(request)));
      const headers = { "content-type": "application/json", "x-demesne-stand-in": `compromise ${VERSION}` };
      response.writeHead(200, headers).end(JSON.stringify(found(read, text)));
    })().catch(() => response.writeHead(500).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Offsets as Presidio counts them: in code points. */
function found(read: Reader, text: string): object[] {
  const people = People.parse(read(text).people().json({ offset: true }));
  return people.map(({ offset: { start, length } }) => ({
    entity_type: "PERSON",
    start: Array.from(text.slice(0, start)).length,
    end: Array.from(text.slice(0, start + length)).length,
    score: 0.85,
    analysis_explanation: null,
  }));
}

function reader(): Reader | undefined {
  const folder = join(cacheFolder(), `compromise-${VERSION}`);
  try {
    if (!existsSync(join(folder, "node_modules/compromise"))) {
      const argv = [
        "install",
        "--prefix",
        folder,
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        `compromise@${VERSION}`,
      ];
      execFileSync("npm", argv, { stdio: "ignore", timeout: 120_000 });
    }
    const loaded: unknown = createRequire(join(folder, "index.js"))("compromise");
    return isReader(loaded) ? loaded : undefined;
  } catch {
    return undefined;
  }
}

/** Its types are in the cache as well, out of the compiler's sight. */
function isReader(loaded: unknown): loaded is Reader {
  return typeof loaded === "function";
}
