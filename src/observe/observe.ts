// One read-only look at one host: asks everything that the wanted resources need to know, in one round trip.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { digestJson } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import type { Host } from "../host/index.ts";
import {
  kindOf,
  kinds,
  idOf,
  type Answer,
  type Answers,
  type Query,
  type Ref,
  type Resource,
} from "../resources/index.ts";
import { ProbeResult, type HostFacts, type Observation, type Observed } from "./observation.ts";

export type ObserveOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Key of the digests that stand for secret texts. */
  readonly secretKey?: Uint8Array | undefined;
};

/** Deadline of the whole look, in milliseconds. */
const LOOK_TIMEOUT_MS = 60_000;

/**
 * Looks at a host. It changes nothing there and leaves nothing behind.
 * Throws Problem `unreachable` or `prerequisite` when there is no look to be had.
 */
export async function observe(
  host: Host,
  wanted: readonly Resource[],
  options: ObserveOptions = {},
): Promise<Observation> {
  const nonce = randomBytes(16).toString("hex");
  const key = options.secretKey === undefined ? undefined : Buffer.from(options.secretKey).toString("base64");
  const queries = wanted.flatMap((each) => kindOf(each.ref).probe(idOf(each.ref), each.wanted));
  const program = `${await probeText()}\nmain(json.loads(${JSON.stringify(JSON.stringify({ nonce, key, queries }))}))\n`;
  const { status, stdout, stderr } = await host.run(["python3", "-I", "-S", "-B", "-"], {
    input: program,
    timeoutMs: LOOK_TIMEOUT_MS,
    signal: options.signal,
  });
  const printed = stdout.split(nonce)[1];
  if (status !== 0 || printed === undefined) throw probeProblem(host.id, status, stderr);
  return interpret(host.id, parseResult(host.id, printed), wanted);
}

/** Text of the program that is sent to hosts; plans hold its digest. */
export async function probeText(): Promise<string> {
  return await readFile(new URL("probe.py", import.meta.url), "utf8");
}

/** What a host prints comes from outside, and so do its notes: neither is trusted to have the right form. */
function parseResult(id: string, printed: string): ProbeResult {
  try {
    return ProbeResult.parse(JSON.parse(printed));
  } catch (cause) {
    throw new Problem({
      code: "failed",
      where: `host ${id}`,
      what: "the look's answer has a form that is not known",
      fix: "look at /var/lib/demesne/owned.json on the host; if a newer Demesne wrote it, use that one here too",
      cause,
    });
  }
}

function probeProblem(id: string, status: number | null, stderr: string): Problem {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  if (/python3: (command )?not found|command not found: python3|python3.*: No such file or directory/.test(stderr)) {
    return new Problem({
      code: "prerequisite",
      where: `host ${id}`,
      what: "there is no python3",
      fix: "on the host: sudo apt-get install python3",
    });
  }
  return new Problem({
    code: "failed",
    where: `host ${id}`,
    what: `the look ended with ${status ?? "a signal"} and no answer${said === "" ? "" : `: ${said}`}`,
    fix: "try it again; if it stays, please report it with the line above",
  });
}

/** Turns the probe's raw answers into normalised observations. Pure. */
function interpret(id: string, raw: ProbeResult, wanted: readonly Resource[]): Observation {
  refuseBlindLook(id, raw);
  const answers = answersOf(raw);
  const byRef = new Map<string, Resource>(wanted.map((each) => [each.ref, each]));
  const refs: Ref[] = [...new Set([...wanted.map((each) => each.ref), ...raw.owned.map((each) => each.ref)])].sort();
  const resources = new Map(refs.map((ref) => [ref, read(ref, answers, byRef.get(ref)?.wanted)]));
  const host = readFacts(raw);
  const fingerprint = digestJson({
    host: { machineId: host.machineId, os: host.os },
    owned: raw.owned.map((each) => each.ref).sort(),
    applied: raw.applied,
    resources: Object.fromEntries(resources),
  });
  return { host, owned: raw.owned, applied: raw.applied, receipt: raw.receipt, resources, fingerprint };
}

/** A look that does not know who the host is, or what is Demesne's there, is no look. */
function refuseBlindLook(id: string, raw: ProbeResult): void {
  if (!raw.host.root) {
    throw new Problem({
      code: "prerequisite",
      where: `host ${id}`,
      what: "the probe did not run as root",
      fix: "let the estate's user be root or have sudo",
    });
  }
  if (raw.ownedBroken !== null) {
    throw new Problem({
      code: "failed",
      where: `host ${id}: /var/lib/demesne`,
      what: `Demesne's notes there cannot be read (${raw.ownedBroken}), so it is not known what it put on the host`,
      fix: "put owned.json and applied.jsonl back from a backup; the ledger's last receipt lists what was owned",
    });
  }
  if (raw.host.machineId === "") {
    throw new Problem({
      code: "prerequisite",
      where: `host ${id}`,
      what: "it has no /etc/machine-id, so a plan could not be bound to it",
      fix: "on the host: sudo systemd-machine-id-setup",
    });
  }
  const unknown = raw.owned.find(({ ref }) => !kinds.some((kind) => ref.startsWith(`${kind.kind}:`)));
  if (unknown !== undefined) {
    throw new Problem({
      code: "failed",
      where: `host ${id}: /var/lib/demesne/owned.json`,
      what: `names ${unknown.ref}, and this version of Demesne knows no such kind`,
      fix: "use the version that applied last; the ledger's last receipt names it",
    });
  }
}

function read(ref: Ref, answers: Answers, wanted: unknown): Observed {
  const kind = kindOf(ref);
  const found = kind.read(idOf(ref), answers, wanted);
  if (typeof found === "object" && found !== null && "unobservable" in found)
    return { unobservable: String(found.unobservable) };
  return { observed: kind.observed.parse(found) };
}

/** The probe merges queries that differ in their operands only, so operands are left out of the key. */
function keyOf(query: Query): string {
  const { ask } = query;
  switch (ask) {
    case "stat":
      return `stat ${query.keyed === true} ${query.content === true} ${query.path}`;
    case "run":
      return `run ${JSON.stringify(query.argv)}`;
    case "docker":
      return `docker ${query.path}`;
    default:
      return ask satisfies never;
  }
}

function answersOf(raw: ProbeResult): Answers {
  const byKey = new Map<string, Answer>(raw.answers.map(({ query, answer }) => [keyOf(query), answer]));
  return (query) => byKey.get(keyOf(query)) ?? { unobservable: "the probe was not asked" };
}

function readFacts(raw: ProbeResult): HostFacts {
  const release = new Map(
    raw.host.os.split("\n").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1).replaceAll('"', "")];
    }),
  );
  return {
    machineId: raw.host.machineId,
    os: `${release.get("ID") ?? "unknown"}-${release.get("VERSION_ID") ?? ""}`,
    osName: release.get("PRETTY_NAME") ?? "unknown",
    python: raw.host.python,
    cameFrom: raw.host.cameFrom === "" ? undefined : raw.host.cameFrom,
  };
}
