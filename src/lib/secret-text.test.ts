import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "./problem.ts";
import { envTemplate, secretText } from "./secret-text.ts";
import { Sensitive } from "./sensitive.ts";

test("a secret is the text, or stands in it as it is", () => {
  assert.equal(secretText("a/b", "{}", new Sensitive("it's\n$1")), "it's\n$1");
  assert.equal(secretText("a/b", envTemplate("KEY"), new Sensitive("a$b #c$&")), "KEY='a$b #c$&'\n");
});

test("a variable is refused what single quotes cannot hold", () => {
  for (const value of ["it's", "two\nlines", "cr\r"]) {
    const put = (): string => secretText("a/b", envTemplate("KEY"), new Sensitive(value));
    assert.throws(put, (error) => error instanceof Problem && !error.message.includes(value));
  }
});
