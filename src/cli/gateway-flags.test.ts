import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Problem } from "../lib/problem.ts";
import { listenAddress, workerUrl } from "./gateway-flags.ts";

function problemOf(work: () => string): Problem {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "nothing was wrong" });
}

describe("--listen", () => {
  const meant = [
    ["127.0.0.1:4100", "127.0.0.1:4100"],
    ["localhost:4100", "127.0.0.1:4100"],
    ["4100", "127.0.0.1:4100"],
    [":4100", "127.0.0.1:4100"],
    ["[::1]:4100", "[::1]:4100"],
    ["0.0.0.0:0", "0.0.0.0:0"],
    ["127.0.0.1:65535", "127.0.0.1:65535"],
  ] as const;
  for (const [text, address] of meant) it(`takes ${text}`, () => assert.equal(listenAddress(text), address));

  for (const text of ["127.0.0.1:65536", "127.0.0.1", "::1:4100", "example.org:4100", "http://127.0.0.1:4100", ""]) {
    it(`names the flag for ${JSON.stringify(text)}`, () => {
      const { code, where, fix } = problemOf(() => listenAddress(text));
      assert.deepEqual([code, where], ["usage", "--listen"]);
      assert.match(fix, /^--listen 127\.0\.0\.1:4100/);
    });
  }
});

describe("--worker", () => {
  const meant = [
    ["http://gpu:8000", "http://gpu:8000"],
    ["http://gpu:8000/v1", "http://gpu:8000"],
    ["http://gpu:8000/v1/", "http://gpu:8000"],
    ["https://gpu/models/v1/", "https://gpu/models"],
    ["gpu:8000", "http://gpu:8000"],
    ["127.0.0.1:11434/v1", "http://127.0.0.1:11434"],
    ["[::1]:8000", "http://[::1]:8000"],
  ] as const;
  for (const [text, url] of meant) it(`takes ${text}`, () => assert.equal(workerUrl(text), url));

  const wrong = ["gpu", "http://", "ftp://gpu:21", "gpu:99999", "http://gpu:8000?x=1", "http://u:p@gpu:8000", ""];
  for (const text of wrong) {
    it(`names the flag for ${JSON.stringify(text)}`, () => {
      const { code, where } = problemOf(() => workerUrl(text));
      assert.deepEqual([code, where], ["usage", "--worker"]);
    });
  }

  it("does not repeat a credential", () => {
    const login = ["u", "pass-word"].join(":");
    for (const at of [`http://${login}@gpu:8000`, `ftp://${login}@gpu`, `http://${login}@gpu:99999`]) {
      assert.doesNotMatch(problemOf(() => workerUrl(at)).message, /pass-word/);
    }
  });
});
