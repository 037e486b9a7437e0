// Makes new inputs from old ones: half of the time by changing a value in the JSON, otherwise by changing bytes.

export type Chance = { below(limit: number): number };

/** The same sequence for the same seed, so that a crash can be had again. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  return {
    below: (limit) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
    },
  };
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e308,
  -0,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  "",
  "a",
  "\u0000",
  "\ud800",
  "\u2028",
  "é".repeat(50),
  "__proto__",
  "constructor",
  [],
  {},
  [[]],
  [null],
  { type: "text" },
  { type: "text", text: 1 },
  { type: "image", source: { type: "url", url: "http://x" } },
  { type: "document", source: { type: "file", file_id: "f" } },
  { type: "tool_result", tool_use_id: "t", content: { type: "image", source: { type: "url" } } },
  { role: "system", content: "s" },
  { index: 1e9 },
  { toString: 1 },
  { length: -1 },
  "data:image/png;base64,AAAA",
  "[DONE]",
  "\r\n\r\n",
  "event: x\ndata: y\n\n",
];

export function mutate(seeds: readonly Buffer[], random: Chance): Buffer {
  let bytes = pick(seeds, random);
  const rounds = 1 + random.below(3);
  for (let round = 0; round < rounds; round += 1) {
    bytes = random.below(2) === 0 ? changeJson(bytes, seeds, random) : changeBytes(bytes, seeds, random);
  }
  return bytes.subarray(0, 8192);
}

function pick<T>(all: readonly T[], random: Chance): T {
  const one = all[random.below(all.length)];
  if (one === undefined) throw new RangeError("there is nothing to pick from");
  return one;
}

/** A whole JSON text, or the data lines of events. */
function changeJson(bytes: Buffer, seeds: readonly Buffer[], random: Chance): Buffer {
  const text = bytes.toString("utf8");
  const lines = text.split("\n");
  const at = lines.length > 1 ? random.below(lines.length) : 0;
  const [, prefix = "", json = ""] = /^(data: ?)?([\s\S]*)$/.exec(lines.length > 1 ? (lines[at] ?? "") : text) ?? [];
  try {
    const changed = JSON.stringify(change(JSON.parse(json), random));
    if (lines.length === 1) return Buffer.from(changed);
    lines[at] = prefix + changed;
    return Buffer.from(lines.join("\n"));
  } catch {
    return changeBytes(bytes, seeds, random);
  }
}

function change(value: unknown, random: Chance): unknown {
  if (typeof value !== "object" || value === null || random.below(6) === 0) return pick(VALUES, random);
  if (Array.isArray(value)) return changeArray(value, random);
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) return { type: pick(VALUES, random) };
  const at = random.below(entries.length);
  const [key = "", old] = entries[at] ?? [];
  const kind = random.below(10);
  if (kind === 0) entries.splice(at, 1);
  else if (kind === 1) entries.push([asText(pick(VALUES, random)), old]);
  else entries[at] = [key, change(old, random)];
  // Not Object.fromEntries: a key named __proto__ must become a key.
  return JSON.parse(
    `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one) ?? "null"}`).join(",")}}`,
  );
}

function changeArray(value: readonly unknown[], random: Chance): unknown[] {
  const copy = [...value];
  const at = random.below(copy.length + 1);
  const kind = random.below(8);
  if (kind === 0) copy.splice(at, 1);
  else if (kind === 1 && copy.length < 40) copy.splice(at, 0, copy[at] ?? pick(VALUES, random));
  else if (kind === 2) copy.push(pick(VALUES, random));
  else if (copy.length > 0) copy[at % copy.length] = change(copy[at % copy.length], random);
  return copy;
}

function changeBytes(bytes: Buffer, seeds: readonly Buffer[], random: Chance): Buffer {
  const at = random.below(bytes.length + 1);
  const other = pick(seeds, random);
  const copy = Buffer.from(bytes);
  switch (random.below(5)) {
    case 0:
      if (copy.length > 0) copy[at % copy.length] = random.below(256);
      return copy;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(asText(pick(VALUES, random))), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    default:
      return bytes.subarray(0, at);
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
