// The metadata services of clouds hand out the machine's credentials. Their address has many spellings.
const NAMES =
  /(^|[/@.])(metadata\.(google\.internal|goog|azure\.com|packet\.net|platformequinix\.com)|metadata\.google|instance-data(\.ec2\.internal)?)([:/.]|$)|169[.-]254[.-]169[.-]254|169[.-]254[.-]170[.-]2\b|fd00:ec2::(254|23)|100[.-]100[.-]100[.-]200|::ffff:a9fe:a9fe|a9fe:a9fe|a9fea9fe/i;
const ADDRESSES = new Set([0xa9fea9fe, 0xa9feaa02, 0xa9feaa17, 0x646464c8, 0xa83f8110]);

/** Whether the text names one, as name, IPv6, dotted, decimal, hexadecimal, octal or mixed. */
export function metadataAddress(text: string): boolean {
  if (!couldName(text)) return false;
  if (NAMES.test(text)) return true;
  for (const [, host = ""] of text.matchAll(/(?:^|\/\/|[@=[\s])([0-9a-fx.]{4,40})(?=[:/\]\s?#]|$)/gi)) {
    const address = inetAton(host);
    if (address !== undefined && ADDRESSES.has(address)) return true;
  }
  return false;
}

/** Every spelling has a digit in it, but for the names; without either, the expressions need not be compiled. */
function couldName(text: string): boolean {
  const lower = text.toLowerCase();
  return lower.includes("metadata") || lower.includes("instance-data") || /\d/.test(text);
}

/** inet_aton(3): one to four parts, each decimal, octal or hexadecimal. */
function inetAton(host: string): number | undefined {
  const parts = host.split(".");
  if (parts.length > 4 || parts.some((part) => !/^(0x[0-9a-f]+|\d+)$/i.test(part))) return undefined;
  const numbers = parts.map((part) => (/^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.at(-1) ?? 0;
  const head = numbers.slice(0, -1).reduce((sum, number, index) => sum + number * 256 ** (3 - index), 0);
  return (head + last) % 2 ** 32;
}
