import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { EventReader, printEvent } from "./sse.ts";

it("reads the same events however the bytes are split", () => {
  const text = fc.string({ unit: "grapheme" });
  const event = fc.record(
    { name: fc.option(fc.stringMatching(/^[a-z_]+$/), { nil: undefined }), text },
    { noNullPrototype: true },
  );
  const end = fc.constantFrom("\n", "\r\n", "\r");
  fc.assert(
    fc.property(fc.array(event), end, fc.array(fc.nat()), (events, newline, cuts) => {
      const printed = events.map((one) => printEvent({ text: one.text }, one.name)).join("");
      const bytes = Buffer.from(printed.replaceAll("\n", newline));
      const reader = new EventReader();
      const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
      const pieces = [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
      const read = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
      assert.deepEqual(
        read.map(({ name, data }) => ({ name, text: JSON.parse(data).text })),
        events,
      );
    }),
  );
});

it("leaves comments and empty events out, and takes an end without its blank line", () => {
  const reader = new EventReader();
  assert.deepEqual(reader.push(Buffer.from(": ping\n\nevent: x\n\ndata: 1\ndata: 2\n\ndata: last")), [
    { name: undefined, data: "1\n2" },
  ]);
  assert.deepEqual(reader.push(Buffer.from("\n\ndata: a\u2028b\n\n")), [
    { name: undefined, data: "last" },
    { name: undefined, data: "a\u2028b" },
  ]);
  reader.push(Buffer.from("data: last"));
  assert.deepEqual(reader.end(), [{ name: undefined, data: "last" }]);
});
