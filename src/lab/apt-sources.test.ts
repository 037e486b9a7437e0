import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAptSources } from "./apt-sources.ts";

const cases = join(import.meta.dirname, "../../test/cases/lab/apt-sources");

for (const file of readdirSync(cases)) {
  test(file.replace(".json", "").replaceAll("-", " "), () => {
    const { files, sources } = JSON.parse(readFileSync(join(cases, file), "utf8"));
    assert.deepEqual(JSON.parse(JSON.stringify(parseAptSources(files))), sources);
  });
}
