import assert from "node:assert/strict";
import { test } from "node:test";
import { Ending } from "./ending.ts";

test("steps run last made first, once, all of them, and the first failure is told", async () => {
  const ran: string[] = [];
  const ending = new Ending();
  ending.before(() => void ran.push("first made"));
  ending.before(() => Promise.reject(new Error("second")));
  ending.before(() => {
    ran.push("third made");
    throw new Error("third");
  });
  await assert.rejects(Promise.all([ending.end(), ending.end()]), { message: "third" });
  assert.deepEqual(ran, ["third made", "first made"]);
});
