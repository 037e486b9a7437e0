// A schema becomes two files: its JSON Schema for editors, and a page for people, with the annotated example above the
// table of keys.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { Report } from "../src/cli/rehearsal/report.ts";
import { schemas as estateSchemas } from "../src/estate/index.ts";
import { GatewayConfig } from "../src/gateway/index.ts";
import { PriceFile } from "../src/gateway/price.ts";
import { Plan } from "../src/plan/index.ts";
import type { Page } from "./generate.ts";
import { keyTable, shapeOf, type Shape } from "./key-table.ts";

type Source = {
  /** Names the two files. */
  readonly name: string;
  /** A file of examples/harbour that stands on the page. */
  readonly file?: string | undefined;
  readonly schema: z.ZodType;
  /** What it is, where the schema itself does not say so. */
  readonly says?: string;
};

/** A room that owns a shape which is read or written outside adds it here. */
const sources: readonly Source[] = [
  ...estateSchemas,
  { name: "gateway-config", schema: GatewayConfig, says: "Configuration of the gateway (`docs/gateway.md`)." },
  { name: "price-file", schema: PriceFile, says: "What the gateway's models cost (`docs/gateway.md`, Prices)." },
  { name: "plan", schema: Plan, says: "A saved plan (`demesne plan --out FILE`): what will run, literally." },
  { name: "report", schema: Report, says: "A rehearsal's report (`demesne rehearse --report FILE`)." },
];

export async function schemaPages(root: string): Promise<readonly Page[]> {
  const pages = await Promise.all(
    sources.map(async (source) => {
      const shape = shapeOf(source.schema);
      return [
        { path: `schema/${source.name}.json`, text: `${JSON.stringify(shape, undefined, 2)}\n` },
        { path: `docs/reference/${source.name}.md`, text: await reference(root, source, shape) },
      ];
    }),
  );
  return pages.flat();
}

async function reference(root: string, source: Source, shape: Shape): Promise<string> {
  return [
    "<!-- Generated from the schema by `npm run generate`; do not edit. -->",
    `# \`${shape.title ?? source.name}\``,
    source.says ?? shape.description ?? "",
    ...(source.file === undefined ? [] : [await example(root, source.file)]),
    "## Keys",
    keyTable(shape),
    `JSON Schema: [schema/${source.name}.json](../../schema/${source.name}.json)`,
    "",
  ].join("\n\n");
}

async function example(root: string, file: string): Promise<string> {
  const text = await readFile(join(root, "examples/harbour", file), "utf8");
  return `\`examples/harbour/${file}\`:\n\n\`\`\`yaml\n${text}\`\`\``;
}
