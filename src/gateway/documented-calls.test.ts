// The calls of curl in docs/gateway.md, sent as they stand there.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";

type Call = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

function callsIn(text: string): Call[] {
  const block = /^```sh\n(curl .*?)^```$/ms.exec(text)?.[1] ?? "";
  return block.split(/^curl /m).flatMap((call) => {
    const [, path] = /^http:\/\/127\.0\.0\.1:4100(\S+)/.exec(call) ?? [];
    if (path === undefined) return [];
    const headers = call.matchAll(/-H ["']([^:]+): ([^"']+)["']/g);
    return [
      {
        path,
        headers: Object.fromEntries([...headers].map(([, name = "", value = ""]) => [name, value])),
        body: /-d '([^']+)'/.exec(call)?.[1],
      },
    ];
  });
}

it("is answered, each of them", async (t) => {
  const house = await gatewayFixture(t);
  const config = parse(house.configText());
  config.routes["claude-local"] = config.routes["local-chat"];
  writeFileSync(house.configFile, stringify(config));
  house.gateway().reload(loadConfig(house.configFile));
  const key = await house.issue();
  const calls = callsIn(readFileSync(join(import.meta.dirname, "../../docs/gateway.md"), "utf8"));
  assert.deepEqual(
    calls.map(({ path }) => path),
    ["/v1/models", "/v1/messages", "/v1/chat/completions"],
  );
  for (const { path, headers, body } of calls) {
    const named = Object.entries(headers).map(([name, value]) => [name, value.replace("$KEY", key)]);
    const response = await fetch(house.base() + path, {
      headers: Object.fromEntries(named),
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    assert.equal(response.status, 200, `${path}: ${await response.text()}`);
  }
});
