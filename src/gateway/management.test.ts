// The management calls as their clients send them, and what each changes for the requests of the keys that it names.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openLedger } from "../ledger/index.ts";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";
import { InFlight } from "./in-flight.ts";
import type { Scripted } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

const asked = { model: "claude-hosted", max_tokens: 1000, messages: [{ role: "user", content: "hi" }] };

async function house(t: TestContext, options: FixtureOptions = {}) {
  const gateway = await gatewayFixture(t, options);
  const call = async (path: string, body?: object) => {
    const { status, text } = await gateway.manage(body === undefined ? "GET" : "POST", path, body);
    const answer = JSON.parse(text);
    return { status, answer, told: String(answer.error?.message) };
  };
  const ask = async (key: string, more: object = {}) =>
    await gateway.post("/v1/messages", { ...asked, ...more }, { "x-api-key": key });
  return { ...gateway, call, ask };
}

type House = Awaited<ReturnType<typeof house>>;

/** Begins, and does not end by itself. */
function endless(): Scripted {
  const begun = { type: "message_start", message: { usage: { input_tokens: 1, output_tokens: 1 } } };
  return { headers: { "content-type": "text/event-stream" }, parts: [printEvent(begun, "message_start")], end: "hang" };
}

/** Begins, and ends a while later. */
function slow(): Scripted {
  const parts = ["message_start", "message_delta", "message_stop"].map((type) => printEvent({ type }, type));
  return { headers: { "content-type": "text/event-stream" }, parts, gapMs: 100 };
}

/** A state folder of a version that let two keys have one name. */
async function withDuplicates(gateway: House): Promise<{ readonly hashes: string[]; readonly keys: string[] }> {
  const keys = [await gateway.issue({ key_alias: "dup" }), await gateway.issue({ key_alias: "other" })];
  await gateway.gateway().stop();
  const db = new DatabaseSync(join(gateway.folder, "state/gateway.sqlite"));
  db.exec("UPDATE virtual_key SET row = json_set(row, '$.alias', 'dup')");
  db.close();
  await gateway.restart();
  const { answer } = await gateway.call("/key/list?key_alias=dup");
  return { hashes: answer.keys.map(({ token }: { token: string }) => token), keys };
}

function serviceKeyFile(t: TestContext, key: string): string {
  const folder = mkdtempSync(join(tmpdir(), "demesne-service-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "key");
  writeFileSync(file, key, { mode: 0o600 });
  return file;
}

describe("the name of a key", () => {
  it("belongs to one key, whichever way another would get it", async (t) => {
    const gateway = await house(t);
    const first = await gateway.call("/key/generate", { key_alias: "dup" });
    const second = await gateway.call("/key/generate", { key_alias: "dup" });
    assert.equal(second.status, 400);
    assert.match(
      second.told,
      new RegExp(`^key_alias: dup is the name of the key ${first.answer.token}: choose another`),
    );
    const key = await gateway.issue({ key_alias: "other" });
    assert.equal((await gateway.call("/key/update", { key, key_alias: "dup" })).status, 400);
    assert.equal((await gateway.call("/key/update", { key: "dup", key_alias: "dup", rpm_limit: 5 })).status, 200);
    assert.equal((await gateway.call("/key/delete", { keys: ["dup"] })).status, 200);
    assert.equal((await gateway.call("/key/update", { key, key_alias: "dup" })).status, 200);
    assert.equal((await gateway.call("/key/generate", { key_alias: "other" })).status, 200);
  });

  it("belongs to one key when two are issued in the same moment", async (t) => {
    const gateway = await house(t);
    const both = [1, 2].map(async () => await gateway.call("/key/generate", { key_alias: "dup" }));
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set([200, 400]));
  });

  it("that several have had since a version before is refused, and their hashes are told", async (t) => {
    const gateway = await house(t);
    const { hashes, keys } = await withDuplicates(gateway);
    assert.equal(hashes.length, 2);
    for (const [path, body] of [
      ["/key/info?key=dup", undefined],
      ["/key/update", { key: "dup", rpm_limit: 1 }],
      ["/key/block", { key: "dup" }],
      ["/key/regenerate", { key: "dup" }],
      ["/key/delete", { keys: ["dup"] }],
      ["/key/delete", { key_aliases: ["dup"] }],
    ] as const) {
      const { status, told } = await gateway.call(path, body);
      assert.equal(status, 400, path);
      for (const hash of hashes) assert.ok(told.includes(hash), `${path}: ${told}`);
    }
    for (const key of keys) assert.equal((await gateway.ask(key)).status, 200);
    assert.equal((await gateway.call("/key/update", { key: hashes[0], rpm_limit: 50 })).status, 200);
    assert.equal((await gateway.call("/key/delete", { keys: [hashes[0]] })).status, 200);
    assert.equal((await gateway.call("/key/delete", { key_aliases: ["dup"] })).status, 200);
    for (const key of keys) assert.equal((await gateway.ask(key)).status, 401);
  });

  it("of a service goes over to the key that its file holds at the next start", async (t) => {
    const keys = ["sk-the-first-key-of-the-chat-service", "sk-the-second-key-of-the-chat-service"] as const;
    const keyFile = serviceKeyFile(t, keys[0]);
    const gateway = await house(t, { config: { serviceKeys: { chat: { keyFile } } } });
    assert.equal((await gateway.ask(keys[0])).status, 200);
    writeFileSync(keyFile, keys[1], { mode: 0o600 });
    await gateway.restart();
    assert.deepEqual([(await gateway.ask(keys[0])).status, (await gateway.ask(keys[1])).status], [401, 200]);
    assert.equal((await gateway.call("/key/list?key_alias=service:chat")).answer.total_count, 1);
  });

  it("of a service is given by the estate only, and not taken from its key", async (t) => {
    const keyFile = serviceKeyFile(t, "sk-the-only-key-of-the-chat-service");
    const gateway = await house(t, { config: { serviceKeys: { chat: { keyFile } } } });
    const key = await gateway.issue({ key_alias: "ui" });
    for (const [path, body] of [
      ["/key/generate", { key_alias: "service:ui" }],
      ["/key/update", { key, key_alias: "service:ui" }],
      ["/key/update", { key: "service:chat", key_alias: "chat" }],
    ] as const) {
      const { status, told } = await gateway.call(path, body);
      assert.equal(status, 400);
      assert.match(told, /^key_alias: .*service: .*serviceKeys/);
    }
    assert.equal((await gateway.call("/key/update", { key: "service:chat", rpm_limit: 9 })).status, 200);
    await gateway.restart();
    assert.equal((await gateway.ask(key)).status, 200);
  });

  it("that nobody has deletes nothing, and says so", async (t) => {
    const gateway = await house(t);
    const key = await gateway.issue({ key_alias: "ui" });
    assert.equal((await gateway.call("/key/delete", { key_aliases: ["ui", "iu"] })).status, 404);
    assert.equal((await gateway.ask(key)).status, 200);
  });
});

describe("a stream that has begun", () => {
  for (const [what, path, body, told] of [
    ["its key is blocked by an update", "/key/update", { key: "ui", blocked: true }, "this virtual key was blocked"],
    ["its team is blocked", "/team/block", { team_id: "t1" }, "this key's team was blocked"],
    [
      "its user is blocked by an update",
      "/user/update",
      { user_id: "u1", blocked: true },
      "this key's user was blocked",
    ],
    ["its user is deleted", "/user/delete", { user_ids: ["u1"] }, "this key's user was deleted"],
    ["its key is deleted by name", "/key/delete", { key_aliases: ["ui"] }, "this virtual key was deleted"],
  ] as const) {
    it(`ends when ${what}`, async (t) => {
      const gateway = await house(t, { script: endless });
      await gateway.call("/team/new", { team_id: "t1" });
      await gateway.call("/user/new", { user_id: "u1", auto_create_key: false });
      const key = await gateway.issue({ key_alias: "ui", team_id: "t1", user_id: "u1" });
      const streaming = gateway.ask(key, { stream: true });
      await gateway.busy();
      assert.equal((await gateway.call(path, body)).status, 200);
      assert.match(
        (await streaming).text,
        new RegExp(`event: error\ndata: .*"authentication_error","message":"${told}"`),
      );
    });
  }

  it("ends when the team that pays for it is blocked, though its key has another by now", async (t) => {
    const gateway = await house(t, { script: endless });
    for (const team of ["t1", "t2"]) await gateway.call("/team/new", { team_id: team });
    const key = await gateway.issue({ team_id: "t1" });
    const streaming = gateway.ask(key, { stream: true });
    await gateway.busy();
    await gateway.call("/key/update", { key, team_id: "t2" });
    await gateway.call("/team/block", { team_id: "t1" });
    assert.match((await streaming).text, /this key's team was blocked/);
  });

  for (const [what, change] of [
    ["its key may not use that model any more", { models: ["local-chat"] }],
    ["its key expires", { duration: "1s" }],
  ] as const) {
    it(`runs on when ${what}`, async (t) => {
      const clock = { at: 0, now: () => Date.now() + clock.at };
      const gateway = await house(t, { script: slow, clock });
      const key = await gateway.issue();
      const streaming = gateway.ask(key, { stream: true });
      await gateway.busy();
      assert.equal((await gateway.call("/key/update", { key, ...change })).status, 200);
      clock.at = 10_000;
      assert.notEqual((await gateway.ask(key)).status, 200);
      assert.match((await streaming).text, /event: message_stop/);
    });
  }
});

describe("requests at a time", () => {
  for (const [kind, named] of [
    ["user", { user_id: "x" }],
    ["team", { team_id: "x" }],
    ["organization", { organization_id: "x" }],
  ] as const) {
    it(`are counted over all keys of one ${kind}`, async (t) => {
      const gateway = await house(t, { script: ({ body }) => (body.includes('"stream"') ? endless() : undefined) });
      await gateway.call(`/${kind}/new`, { ...named, max_parallel_requests: 2, auto_create_key: undefined });
      const keys = [await gateway.issue(named), await gateway.issue(named)];
      const streams = keys.map(async (key) => await gateway.ask(key, { stream: true }));
      while (gateway.worker.seen.length < 2) await sleep(5);
      const refused = await gateway.ask(keys[0] ?? "");
      assert.equal(refused.status, 429);
      assert.match(refused.text, new RegExp(`this ${kind} has 2 requests under way, which is its limit`));
      assert.ok(Number(refused.headers.get("retry-after")) >= 1);
      assert.equal((await gateway.ask(await gateway.issue())).status, 200);
      await gateway.call("/key/block", { key: keys[0] });
      await streams[0];
      // As soon as the client has its answer, whatever is still being settled.
      assert.equal((await gateway.ask(keys[1] ?? "")).status, 200);
      await gateway.call("/key/block", { key: keys[1] });
      await Promise.all(streams);
    });
  }

  it("are as many as were said when the next one comes", async (t) => {
    const gateway = await house(t, { script: ({ body }) => (body.includes('"stream"') ? endless() : undefined) });
    await gateway.call("/team/new", { team_id: "t1" });
    const key = await gateway.issue({ team_id: "t1" });
    const streaming = gateway.ask(key, { stream: true });
    await gateway.busy();
    await gateway.call("/team/update", { team_id: "t1", max_parallel_requests: 1 });
    assert.equal((await gateway.ask(key)).status, 429);
    await gateway.call("/team/update", { team_id: "t1", max_parallel_requests: null });
    assert.equal((await gateway.ask(key)).status, 200);
    await gateway.call("/key/block", { key });
    await streaming;
  });

  it("are counted one by one when two come in one packet", async (t) => {
    const gateway = await house(t, { script: endless });
    await gateway.call("/team/new", { team_id: "t1", max_parallel_requests: 1 });
    const key = await gateway.issue({ team_id: "t1" });
    const body = JSON.stringify({ ...asked, stream: true });
    const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const socket = connect(gateway.gateway().address.port, "127.0.0.1");
    socket.write(`${head}${body}${head}${body}`);
    await gateway.busy();
    const refused = () =>
      gateway.logged.some((entry) => entry.event === "refused" && entry.kind === "rate_limit_error");
    for (let tries = 0; !refused() && tries < 6000; tries += 1) await sleep(10);
    assert.ok(refused());
    assert.equal(gateway.worker.seen.length, 1);
    socket.destroy();
  });

  it("are forgotten when they are answered, once", () => {
    const inFlight = new InFlight();
    const payers = [{ id: "key:1" }, { id: "team:t1" }];
    const under = inFlight.begin(payers);
    const other = inFlight.begin([{ id: "key:2" }, { id: "team:t1" }]);
    assert.deepEqual(
      ["key:1", "key:2", "team:t1"].map((id) => inFlight.countOf(id)),
      [1, 1, 2],
    );
    under.begun();
    under.answered();
    under.begun();
    under.leave();
    assert.deepEqual(
      ["key:1", "key:2", "team:t1"].map((id) => inFlight.countOf(id)),
      [0, 1, 1],
    );
    assert.deepEqual([inFlight.count, inFlight.unanswered, inFlight.streaming], [1, 1, 0]);
    inFlight.end("team:t1", "gone");
    assert.deepEqual([under.ending.signal.aborted, other.ending.signal.aborted], [false, true]);
  });
});

async function five(t: TestContext): Promise<House> {
  const gateway = await house(t);
  await gateway.call("/organization/new", { organization_id: "o1" });
  await gateway.call("/team/new", { team_id: "t1", organization_id: "o1" });
  for (const [key_alias, more] of [
    ["a", { user_id: "u1" }],
    ["b", { user_id: "u1", team_id: "t1" }],
    ["c", { team_id: "t1" }],
    ["d", { organization_id: "o1" }],
    ["e", {}],
  ] as const) {
    await gateway.issue({ key_alias, ...more });
  }
  return gateway;
}

describe("/key/list", () => {
  it("gives those asked for, page by page", async (t) => {
    const gateway = await five(t);
    for (const [query, names, total, page, pages] of [
      ["", "abcde", 5, 1, 1],
      ["?user_id=u1", "ab", 2, 1, 1],
      ["?team_id=t1", "bc", 2, 1, 1],
      ["?user_id=u1&team_id=t1", "b", 1, 1, 1],
      ["?organization_id=o1", "d", 1, 1, 1],
      ["?key_alias=c", "c", 1, 1, 1],
      ["?user_id=nobody", "", 0, 1, 0],
      ["?user_id=u1&size=1", "a", 2, 1, 2],
      ["?size=2&page=3&return_full_object=true", "e", 5, 3, 3],
      ["?size=2&page=4", "", 5, 4, 3],
    ] as const) {
      const { answer } = await gateway.call(`/key/list${query}`);
      const shown = answer.keys.map((key: { key_alias: string }) => key.key_alias).join("");
      assert.deepEqual(
        [shown, answer.total_count, answer.current_page, answer.total_pages],
        [names, total, page, pages],
        query,
      );
    }
  });

  it("gives ten where no size is said", async (t) => {
    const gateway = await house(t);
    for (let count = 0; count < 11; count += 1) await gateway.issue();
    const { answer } = await gateway.call("/key/list");
    assert.deepEqual([answer.keys.length, answer.total_count, answer.total_pages], [10, 11, 2]);
  });

  it("refuses what it does not know by name, and pages that cannot be", async (t) => {
    const gateway = await house(t);
    for (const [query, named] of [
      ["?nonsense=1", "nonsense"],
      ["?size=0", "size"],
      ["?size=101", "size"],
      ["?page=0", "page"],
      ["?page=one", "page"],
      ["?return_full_object=false", "return_full_object"],
    ] as const) {
      const { status, told } = await gateway.call(`/key/list${query}`);
      assert.equal(status, 400, query);
      assert.ok(told.includes(named), told);
    }
  });
});

it("the audit names the organisation that pays, a team's as well as a key's own, and none where there is none", async (t) => {
  const gateway = await house(t);
  for (const organization of ["o1", "o2"]) await gateway.call("/organization/new", { organization_id: organization });
  await gateway.call("/team/new", { team_id: "t1", organization_id: "o1" });
  const settings = [{ team_id: "t1" }, { team_id: "t1", organization_id: "o2" }, {}];
  for (const each of settings) assert.equal((await gateway.ask(await gateway.issue(each))).status, 200);
  await gateway.gateway().stop();
  const entries = await Array.fromAsync(openLedger(join(gateway.folder, "state/ledger")).read());
  const requests = entries.map(({ record }) => record).filter(({ kind }) => kind === "gateway.request");
  assert.deepEqual(
    requests.map((record) => record["organization"]),
    ["o1", "o2", undefined],
  );
  assert.ok(!Object.hasOwn(requests[2] ?? {}, "organization"));
  const issued = entries.map(({ record }) => record).filter(({ kind }) => kind === "gateway.key");
  assert.deepEqual(
    issued.map((record) => record["organization"]),
    [undefined, "o2", undefined],
  );
});

describe("a call that changes an owner", () => {
  for (const [path, body, shown] of [
    [
      "/user/update",
      { user_id: "u1", max_budget: 3, budget_duration: "1mo" },
      { max_budget: 3, budget_duration: "1mo" },
    ],
    ["/user/update", { user_id: "u1", user_alias: "Ann" }, { user_id: "u1", user_alias: "Ann", rpm_limit: 7 }],
    [
      "/user/update",
      { user_id: "u1", rpm_limit: null, models: ["local-chat"] },
      { rpm_limit: null, models: ["local-chat"] },
    ],
    ["/user/update", { user_id: "u1", metadata: { floor: 3 } }, { metadata: { floor: 3 }, blocked: false }],
    ["/team/update", { team_id: "t1", tpm_limit: 90 }, { tpm_limit: 90, rpm_limit: 7, organization_id: "o1" }],
    [
      "/team/update",
      { team_id: "t1", members_with_roles: [{ user_id: "u1", role: "admin" }], organization_id: null },
      { members_with_roles: [{ user_id: "u1", role: "admin" }], organization_id: null },
    ],
    ["/team/block", { team_id: "t1" }, { blocked: true, rpm_limit: 7, organization_id: "o1" }],
    ["/team/unblock", { team_id: "t1" }, { blocked: false, rpm_limit: 7, organization_id: "o1" }],
  ] as const) {
    it(`shows it changed, the rest as it was, also after a restart: ${path} ${JSON.stringify(body)}`, async (t) => {
      const gateway = await withOwners(t);
      const { status, answer } = await gateway.call(path, body);
      assert.equal(status, 200);
      const kind = path.startsWith("/user") ? "user" : "team";
      await gateway.restart();
      const { answer: info } = await gateway.call(`/${kind}/info?${kind}_id=${kind === "user" ? "u1" : "t1"}`);
      for (const seen of [answer, info[`${kind}_info`]]) {
        const relevant = Object.fromEntries(Object.keys(shown).map((name) => [name, seen[name]]));
        assert.deepEqual(relevant, shown);
      }
    });
  }

  for (const [path, body, status, told] of [
    ["/user/update", { user_id: "nobody", rpm_limit: 1 }, 404, /no such user/],
    ["/user/update", { rpm_limit: 1 }, 400, /user_id/],
    ["/user/update", { user_id: "u1", rpm_limit: 0 }, 400, /rpm_limit/],
    ["/user/update", { user_id: "u1", budget_duration: "soon" }, 400, /soon/],
    ["/user/update", { user_id: "u1", user_role: "admin" }, 400, /user_role/],
    ["/user/delete", { user_ids: ["u1", "nobody"] }, 404, /no such user/],
    ["/user/delete", { user_ids: [] }, 400, /user_ids/],
    ["/user/delete", { user_id: "u1" }, 400, /user_ids/],
    ["/team/update", { team_id: "nobody" }, 404, /no such team/],
    ["/team/update", { team_id: "t1", organization_id: "nobody" }, 404, /no such organization/],
    [
      "/team/update",
      { team_id: "t1", members_with_roles: [{ user_id: "u1", role: "owner" }] },
      400,
      /members_with_roles/,
    ],
    ["/team/block", { team_id: "nobody" }, 404, /no such team/],
    ["/team/block", {}, 400, /team_id/],
    ["/team/unblock", { team_id: "t1", reason: "x" }, 400, /reason/],
    ["/key/update", { key: "nobody", blocked: true }, 404, /no such key/],
    ["/key/update", { key: "ui", blocked: "yes" }, 400, /blocked/],
  ] as const) {
    it(`changes nothing and names what is wrong: ${path} ${JSON.stringify(body)}`, async (t) => {
      const gateway = await withOwners(t);
      const refused = await gateway.call(path, body);
      assert.equal(refused.status, status);
      assert.match(refused.told, told);
      assert.equal((await gateway.ask(gateway.key)).status, 200);
    });
  }

  for (const [path, body, status] of [
    ["/user/update", { user_id: "u1", blocked: true }, 401],
    ["/user/update", { user_id: "u1", models: ["local-chat"] }, 404],
    ["/user/update", { user_id: "u1", max_budget: 0.0001 }, 429],
    ["/user/delete", { user_ids: ["u1"] }, 401],
    ["/team/update", { team_id: "t1", models: ["local-chat"] }, 404],
    ["/team/update", { team_id: "t1", rpm_limit: 1 }, 429],
    ["/team/block", { team_id: "t1" }, 401],
    ["/key/update", { key: "ui", blocked: true }, 401],
  ] as const) {
    it(`holds for the next request: ${path} ${JSON.stringify(body)}`, async (t) => {
      const gateway = await withOwners(t);
      assert.equal((await gateway.ask(gateway.key)).status, 200);
      assert.equal((await gateway.call(path, body)).status, 200);
      if (body === undefined || "rpm_limit" in body) await gateway.ask(gateway.key);
      assert.equal((await gateway.ask(gateway.key)).status, status);
      const other = await gateway.issue();
      assert.equal((await gateway.ask(other)).status, 200);
    });
  }

  it("lets a team's keys in again when it is unblocked, and a key when it is updated so", async (t) => {
    const gateway = await withOwners(t);
    await gateway.call("/team/block", { team_id: "t1" });
    await gateway.call("/key/update", { key: "ui", blocked: true });
    assert.equal((await gateway.ask(gateway.key)).status, 401);
    assert.equal((await gateway.call("/team/unblock", { team_id: "t1" })).status, 200);
    assert.equal((await gateway.ask(gateway.key)).status, 401);
    const { answer } = await gateway.call("/key/update", { key: "ui", blocked: false });
    assert.equal(answer.blocked, false);
    assert.equal((await gateway.ask(gateway.key)).status, 200);
  });

  it("deletes a user with all keys, and the name may be given again, with nothing spent", async (t) => {
    const gateway = await withOwners(t);
    await gateway.ask(gateway.key);
    assert.deepEqual((await gateway.call("/user/delete", { user_ids: ["u1"] })).answer, { deleted_users: ["u1"] });
    assert.equal((await gateway.call("/user/info?user_id=u1")).status, 404);
    assert.equal((await gateway.call("/key/list?user_id=u1")).answer.total_count, 0);
    assert.equal((await gateway.call("/user/new", { user_id: "u1", auto_create_key: false })).answer.spend, 0);
  });
});

/** A key of a user and of a team, which belongs to an organisation. */
async function withOwners(t: TestContext) {
  const gateway = await house(t);
  await gateway.call("/organization/new", { organization_id: "o1" });
  await gateway.call("/team/new", { team_id: "t1", organization_id: "o1", rpm_limit: 7 });
  await gateway.call("/user/new", { user_id: "u1", auto_create_key: false, rpm_limit: 7 });
  return { ...gateway, key: await gateway.issue({ key_alias: "ui", user_id: "u1", team_id: "t1" }) };
}

it("a key may name a user whom nobody has made, who then pays nothing", async (t) => {
  const gateway = await house(t);
  const key = await gateway.issue({ user_id: "ghost" });
  assert.equal((await gateway.ask(key)).status, 200);
  assert.equal((await gateway.call("/user/info?user_id=ghost")).status, 404);
  await gateway.quiet();
  assert.equal((await gateway.call("/spend/logs?user_id=ghost")).answer.length, 1);
});

it("a key stays blocked that was changed in the same moment, and gone that was deleted", async (t) => {
  const gateway = await house(t);
  const [blocked, deleted] = [await gateway.issue(), await gateway.issue()];
  // All of them have read the key as it was before the first of them has written.
  const calls = [
    gateway.call("/key/block", { key: blocked }),
    gateway.call("/key/update", { key: blocked, rpm_limit: 5 }),
    gateway.call("/key/delete", { keys: [deleted] }),
    gateway.call("/key/update", { key: deleted, rpm_limit: 5 }),
  ];
  await Promise.all(calls);
  assert.equal((await gateway.ask(blocked)).status, 401);
  assert.equal((await gateway.ask(deleted)).status, 401);
  const { info } = (await gateway.call(`/key/info?key=${blocked}`)).answer;
  assert.deepEqual([info.blocked, info.rpm_limit], [true, 5]);
});

it("a team stays blocked that was changed in the same moment", async (t) => {
  const gateway = await withOwners(t);
  await Promise.all([
    gateway.call("/team/block", { team_id: "t1" }),
    gateway.call("/team/update", { team_id: "t1", rpm_limit: 5 }),
  ]);
  const { team_info: team } = (await gateway.call("/team/info?team_id=t1")).answer;
  assert.deepEqual([team.blocked, team.rpm_limit], [true, 5]);
});
