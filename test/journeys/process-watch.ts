// Looks at what every process of this machine shows of itself, those inside twins and containers too, while work goes on.
import { readdirSync, readFileSync } from "node:fs";

export type Sighting = {
  /** `cmdline` or `environ`. */
  readonly where: string;
  readonly command: string;
  /** It runs in a container of Docker. */
  readonly isContained: boolean;
};

export type ProcessWatch = {
  /** One thorough look more, then everything that was ever seen, once each. */
  stop(): Sighting[];
};

const EVERY_MS = 15;
/** A young process may still replace its program, and with it what it shows. */
const YOUNG_MS = 2000;
const THOROUGH_MS = 2000;

/** Watches until it is stopped. `holds` is asked for each text, a byte a character. */
export function watchProcesses(holds: (text: string) => boolean): ProcessWatch {
  const sightings = new Map<string, Sighting>();
  const born = new Map<string, number>();
  let thorough = Number.NEGATIVE_INFINITY;
  const look = (isThorough: boolean): void => {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const now = performance.now();
    const there = new Set(pids);
    for (const pid of born.keys()) if (!there.has(pid)) born.delete(pid);
    for (const pid of pids) {
      // What was there before the watch is not young.
      const since = born.get(pid) ?? (thorough < 0 ? thorough : now);
      born.set(pid, since);
      if (isThorough || now - since < YOUNG_MS) for (const seen of lookAt(pid, holds)) add(seen);
    }
  };
  const add = (seen: Sighting): void => void sightings.set(JSON.stringify(seen), seen);
  const watch = setInterval(() => {
    const isThorough = performance.now() - thorough > THOROUGH_MS;
    look(isThorough);
    if (isThorough) thorough = performance.now();
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(watch);
      look(true);
      return [...sightings.values()];
    },
  };
}

function lookAt(pid: string, holds: (text: string) => boolean): Sighting[] {
  return ["cmdline", "environ"].flatMap((where) => {
    if (!holds(textOf(`/proc/${pid}/${where}`))) return [];
    const command = textOf(`/proc/${pid}/comm`).trim();
    return [{ where, command, isContained: /docker/.test(textOf(`/proc/${pid}/cgroup`)) }];
  });
}

/** Empty when it ended meanwhile, or is another user's. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
