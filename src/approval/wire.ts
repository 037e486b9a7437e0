// SSH's wire format (RFC 4251): strings with their length before them, big-endian numbers. Reads nothing beyond the end.

export type Wire = {
  /** The next string's bytes. */
  readonly bytes: () => Buffer;
  readonly text: () => string;
  readonly u8: () => number;
  readonly u32: () => number;
  /** A positive number without leading zeros, as its big-endian bytes. */
  readonly number: () => Buffer;
  /** Exactly so many bytes, without a length. */
  readonly raw: (size: number) => Buffer;
  /** Throws WireFault unless everything has been read. */
  readonly end: () => void;
};

/** What is read is not in the form that it should have. Caught where the reading begins. */
export class WireFault extends Error {}

export function readWire(from: Buffer): Wire {
  let at = 0;
  const raw = (size: number): Buffer => {
    if (size > from.length - at) throw new WireFault("ends too early");
    at += size;
    return from.subarray(at - size, at);
  };
  const u32 = (): number => raw(4).readUInt32BE(0);
  const bytes = (): Buffer => raw(u32());
  return {
    raw,
    u32,
    bytes,
    u8: () => raw(1).readUInt8(0),
    text: () => bytes().toString("latin1"),
    number: () => plainNumber(bytes()),
    end: () => {
      if (at !== from.length) throw new WireFault("goes on after its end");
    },
  };
}

/** Stricter than OpenSSH, which takes more zeros than the one that keeps a number positive. */
function plainNumber(bytes: Buffer): Buffer {
  const [first = 0x80, second = 0x80] = bytes;
  if (first >= 0x80) throw new WireFault("has a number that is empty or negative");
  if (first !== 0) return bytes;
  if (second < 0x80) throw new WireFault("has a number with zeros before it");
  return bytes.subarray(1);
}

export function wireString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
