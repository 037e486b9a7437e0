// Whatever fits as an answer ends in its place, and nothing else changes: on drawn answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { Answers } from "./answers.ts";
import { fill } from "./fill.ts";
import { templateTexts } from "./template-texts.ts";

const template = await templateTexts();
const until = "2031-01-31";
const recipient = "age1pq1example";

const name = fc
  .stringMatching(/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/)
  .filter((each) => Answers.shape.name.safeParse(each).success);
const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/);
const key = fc
  .uint8Array({ minLength: 51, maxLength: 51 })
  .map((bytes) => `ssh-ed25519 ${Buffer.from(bytes).toString("base64")}`);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const drawn = fc
  .record({
    name: fc.oneof(name, fc.constantFrom("estate", "ops", "harbour", "on", "yes", "e1")),
    profile: fc.constantFrom("cloud", "airgapped"),
    domain: maybe(
      fc.oneof(
        fc.tuple(label, label).map((each) => each.join(".")),
        fc.constantFrom("my-harbour.example", "estate.example"),
      ),
    ),
    address: maybe(fc.oneof(fc.ipV4(), fc.constantFrom("192.0.2.10", "192.0.2.100"))),
    os: fc.constantFrom("debian-13", "ubuntu-24.04"),
    user: name.filter((each) => Answers.shape.user.safeParse(each).success),
    hostKey: maybe(key),
    from: maybe(fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map((each) => each.join("/"))),
    publicKey: maybe(key),
  })
  .map((each) => Answers.parse(each));

const Hosts = z.object({
  hosts: z.record(
    z.string(),
    z.object({
      address: z.string(),
      state: z.string(),
      os: z.string(),
      user: z.string(),
      hostKeys: z.array(z.string()),
      open: z.array(z.object({ from: z.array(z.string()) })),
    }),
  ),
});
const Estate = z.object({
  name: z.string(),
  profile: z.string(),
  contacts: z.record(z.string(), z.string()),
  accounts: z.record(z.string(), z.object({ keys: z.array(z.string()) })),
  waivers: z.array(z.object({ until: z.string() })),
});

test("every answer is read back from the file that it belongs into", () => {
  fc.assert(
    fc.property(drawn, (answers) => {
      const texts = fill(template, { answers, recipient, until });
      const estate = Estate.parse(parse(texts.get("estate.yaml") ?? ""));
      const { control, gpu } = Hosts.parse(parse(texts.get("inventory/hosts.yaml") ?? "")).hosts;
      assert.equal(estate.name, answers.name);
      assert.equal(estate.profile, answers.profile);
      assert.equal(estate.contacts["operator"], `operator@${answers.domain ?? `${answers.name}.example`}`);
      assert.deepEqual(Object.keys(estate.accounts), [answers.user]);
      if (answers.publicKey !== undefined) assert.deepEqual(estate.accounts[answers.user]?.keys, [answers.publicKey]);
      assert.ok(estate.waivers.every((each) => each.until === until));
      assert.equal(control?.address, answers.address ?? "192.0.2.10");
      assert.equal(control.os, answers.os);
      assert.deepEqual([control.user, gpu?.user], [answers.user, answers.user]);
      assert.equal(gpu?.state, answers.profile === "cloud" ? "dormant" : "live");
      if (answers.hostKey !== undefined) assert.deepEqual(control.hostKeys, [answers.hostKey]);
      if (answers.from !== undefined) assert.deepEqual(control.open[0]?.from, [answers.from]);
    }),
    { numRuns: 150 },
  );
});

test("files, their number and their lines stay those of the template", () => {
  fc.assert(
    fc.property(drawn, (answers) => {
      const texts = fill(template, { answers, recipient, until });
      assert.deepEqual([...texts.keys()], [...template.keys()]);
      for (const [path, text] of texts) {
        // The model's port is published in three lines more.
        const more = path === "services/vllm/service.yaml" ? 3 : 0;
        assert.equal(text.split("\n").length, (template.get(path) ?? "").split("\n").length + more, path);
      }
    }),
    { numRuns: 50 },
  );
});
