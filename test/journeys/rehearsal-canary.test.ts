// Canary secrets go through a whole rehearsal: planned, applied, verified, planned again, and once made to fail. Afterwards
// they stand in the services' own secret files, and nowhere else: not on this machine, not on the twin, not while it ran.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { exportProject } from "../../src/apply/index.ts";
import { bindPlan } from "../../src/cli/bound-plan.ts";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import { addressOf, newNonce } from "../../src/cli/host-plan.ts";
import { checkGateway } from "../../src/cli/rehearsal/gateway-check.ts";
import { overlayDifferences } from "../../src/cli/rehearsal/overlay.ts";
import { Report, verdictOf } from "../../src/cli/rehearsal/report.ts";
import { painter } from "../../src/cli/render/paint.ts";
import { renderReport } from "../../src/cli/render/report.ts";
import { secretStore } from "../../src/cli/secret-store.ts";
import type { Host } from "../../src/host/index.ts";
import { openLedger } from "../../src/ledger/index.ts";
import { canonicalJson } from "../../src/lib/canonical-json.ts";
import { digest } from "../../src/lib/digest.ts";
import { Problem } from "../../src/lib/problem.ts";
import { Sensitive } from "../../src/lib/sensitive.ts";
import { observe } from "../../src/observe/index.ts";
import { renderPlan, type HostPlan } from "../../src/plan/index.ts";
import { valueFinder } from "../../src/secrets/scan-values.ts";
import { openTwin, type OpenTwin, type Rehearsed } from "./applied-twin.ts";
import { copyEstate, harbour, renameOperator } from "./estate-copy.ts";
import { filesWith } from "./file-search.ts";
import { watchProcesses, type ProcessWatch, type Sighting } from "./process-watch.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const began = Date.now();
const paint = painter(false);

/** Letters that every escaping changes; none that a header or an environment file cannot carry. */
const canary = (): Sensitive => new Sensitive(`sk-/+&%=${randomBytes(24).toString("base64")}`);
/** Text of a kind that only a mounted file carries as it is. */
const oddCanary = (): Sensitive => new Sensitive(`c/+ "${randomBytes(18).toString("base64")}'\\ü&%$`);

const UPSTREAM = "gateway/upstream_key";
const MOUNTED = "chat/session_key";
const SERVICE_KEY = "chat/virtual_key";
const IN_ENVIRONMENT = "chat/admin_password";
const inEnvironment = canary();
const values = new Map([
  ["digest_key", oddCanary()],
  [UPSTREAM, canary()],
  [MOUNTED, oddCanary()],
  [IN_ENVIRONMENT, inEnvironment],
  [SERVICE_KEY, canary()],
  ["worker/api_key", oddCanary()],
]);

function finder(...sought: Sensitive[]): (text: string) => boolean {
  const find = valueFinder(sought);
  assert.ok(find !== undefined);
  return (text) => find(text).length > 0;
}
const holdsAny = finder(...values.values());
/** All but the one that the estate asks to be put into a container's environment. */
const holdsFile = finder(...[...values.values()].filter((each) => each !== inEnvironment));
const inBytes = (text: string): string => Buffer.from(text).toString("latin1");

/** A process of a container has in its environment what the estate asked to be there. */
const isAsked = ({ where, isContained }: Sighting): boolean => where === "environ" && isContained;

const SERVICE = "/etc/demesne/services/gateway/secrets";
const SECRET_FILES = ["in-environment.env", "key_chat_chat", "mounted", "upstream_key"].map(
  (name) => `${SERVICE}/${name}`,
);
/** Docker's own notes of a container, root's alone: an environment variable cannot be kept out of them, a mount can. */
const ENGINE_NOTES =
  /^\/(var\/lib\/docker\/containers\/|run\/containerd\/io\.containerd\.runtime\.v2\.task\/moby\/|run\/docker\/runtime-runc\/moby\/)/;

describe("a whole rehearsal with canary secrets", { skip, timeout: 900_000 }, () => {
  const copy = copyEstate(harbour);
  let open: OpenTwin;
  let rehearsed: Rehearsed;
  let watch: ProcessWatch;
  let sightings: Sighting[];
  /** Everything that an operator reads or that is written down, by what it is. */
  const written = new Map<string, string>();
  const say = (text: string): void => void written.set("progress", `${written.get("progress") ?? ""}${text}\n`);
  const progress = { step: say, detail: say };

  before(async () => {
    renameOperator(copy);
    copy.edit(
      "services/gateway/service.yaml",
      "build: demesne-gateway\n",
      `build: demesne-gateway
secrets:
  - { name: mounted, from: ${MOUNTED}, file: mounted }
  - { name: in-environment, from: ${IN_ENVIRONMENT}, env: CANARY }
`,
    );
    watch = watchProcesses(holdsAny);
    const store = secretStore((name) => {
      const value = values.get(name);
      assert.ok(value !== undefined, `the estate asks for ${name} too`);
      return value;
    });
    open = await openTwin(copy.folder, { secretsOf: () => store, progress });
    rehearsed = await open.load(copy.folder);
    await rehearse();
    sightings = watch.stop();
  });
  after(async () => {
    watch?.stop();
    await open?.close();
    copy.remove();
  });

  async function rehearse(): Promise<void> {
    const plan = await open.plan(rehearsed);
    const planDigest = await keepPlan("plan", plan);
    const ledger = openLedger(join(copy.folder, ".demesne", "ledger"));
    const host = rehearsed.host.id;
    await ledger.append({ kind: "apply/intent", host, plan: planDigest, changes: plan.changes.length });
    const { applied, left } = await open.apply(plan, rehearsed);
    const entry = { kind: "apply/result", host, plan: planDigest, applied, left: left.changes.length };
    await ledger.append(entry);
    assert.deepEqual([applied, left.changes, left.refusals], [plan.changes.length, [], []]);
    await keepReport(plan, applied);
    const again = await open.plan(rehearsed);
    await keepPlan("plan again", again);
    assert.deepEqual(again.changes, []);
    await keepLook();
    const address = { address: addressOf(rehearsed.host), resources: rehearsed.resources };
    written.set("export", JSON.stringify(exportProject(rehearsed.estate.name, [address])));
    written.set("wanted", JSON.stringify(rehearsed.resources));
  }

  async function keepPlan(name: string, plan: HostPlan): Promise<string> {
    const bound = await bindPlan({
      estate: rehearsed.estate,
      nonce: newNonce(),
      looks: Promise.resolve([plan]),
      hours: 1,
      role: undefined,
      signal: AbortSignal.timeout(60_000),
    });
    written.set(name, canonicalJson(bound));
    written.set(`${name}, as text`, renderPlan(bound, { paint, full: true }));
    return digest(canonicalJson(bound));
  }

  async function keepReport(plan: HostPlan, applied: number): Promise<void> {
    const { twin, worker, secrets, overlay } = open;
    const { estate, host } = rehearsed;
    const [model = ""] = Object.keys(estate.seam.model.names);
    // The only check that has secrets in hand; the others would take another minute.
    const check = await checkGateway({
      exec: async (...args) => await twin.exec(...args),
      container: "gateway-gateway-1",
      port: 4000,
      model,
      upstreamKey: secrets.open(UPSTREAM),
      serviceKeys: [secrets.open(SERVICE_KEY)],
      worker,
    });
    const hosts = [
      {
        host: host.id,
        planned: plan.changes.length,
        applied,
        left: 0,
        steps: plan.stages.flatMap((each) => each.steps).length,
        notRehearsed: [...plan.notRehearsed],
        skippedServices: [],
        overlay: [...twin.differences, ...overlayDifferences(estate, overlay)],
        verify: [check],
        os: twin.os.pretty,
        python: plan.python,
      },
    ];
    const versions = { demesne: "", node: process.version, ansibleCore: open.ansible.version, python: "" };
    const head = { format: 1, verdict: verdictOf(hosts), estate: estate.name, profile: estate.profile };
    const report = Report.parse({ ...head, hosts, dormant: [], durations: [], versions });
    written.set("report", JSON.stringify(report));
    written.set("report, as text", renderReport(report, paint));
    assert.equal(report.verdict, "pass", renderReport(report, paint));
  }

  /** The observation, and what the probe itself printed and was called with; its key comes over standard input only. */
  async function keepLook(): Promise<void> {
    const kept: Host = {
      id: open.ssh.id,
      run: async (argv, options) => {
        const result = await open.ssh.run(argv, options);
        written.set("the probe's answer", JSON.stringify([argv, result]));
        return result;
      },
    };
    const { resources, ...look } = await observe(kept, rehearsed.resources, { secretKey: open.secrets.key });
    written.set("observation", JSON.stringify([look, Object.fromEntries(resources)]));
  }

  test("no process of this machine, its twin or their containers showed one, but the container that asked for it", () => {
    assert.deepEqual(
      sightings.filter((each) => !isAsked(each)),
      [],
    );
    assert.ok(sightings.length > 0, "the watch does not see into a container");
    assert.deepEqual(watchProcesses(holdsFile).stop(), [], "not even a container has what is given to it as a file");
  });

  test("an argument in the twin would have been seen", async () => {
    const other = oddCanary();
    const looking = watchProcesses(finder(other));
    await open.twin.exec(["sh", "-c", "sleep 3; exit", other.unwrap()], { timeoutMs: 30_000 });
    assert.ok(looking.stop().some(({ where, command }) => where === "cmdline" && command === "sh"));
  });

  test("none is in what is printed, planned, observed, exported, reported or kept in the ledger", () => {
    for (const [name, text] of written) {
      assert.ok(text.length > 40, `${name} is empty`);
      assert.ok(!holdsAny(inBytes(text)), name);
    }
    assert.ok(filesWith(join(copy.folder, ".demesne"), { holds: (text) => text.includes("apply/intent") }).length > 0);
  });

  test("none is on this machine: temp folders, shared memory, caches, Ansible's home", () => {
    const cache = cacheFolder();
    // The twin's own disk is looked at from within; bases and images are made before there is any secret.
    const disk = new RegExp(`^${cache}/(bases|images|twins/[^/]+/(root|upper|work|docker|containerd|registry))$`);
    const search = { holds: holdsAny, since: began, without: (path: string) => disk.test(path) };
    const folders = [tmpdir(), "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/log", join(homedir(), ".ansible"), cache];
    assert.deepEqual(
      [...new Set(folders)].flatMap((folder) => filesWith(folder, search)),
      [],
    );
  });

  test("on the twin they are in the services' secret files only", async () => {
    const onTwin = (holds: (text: string) => boolean): string[] => {
      const root = open.twin.root();
      const without = (path: string): boolean =>
        /^\/var\/(lib\/(apt|dpkg|containerd|demesne-lab)|lib\/docker\/(overlay2|image))$/.test(path.slice(root.length));
      const folders = [
        "etc",
        "home",
        "root",
        "tmp",
        "var",
        "dev/shm",
        "run",
        "srv",
        "opt",
        "usr/local",
        "mnt",
        "media",
      ];
      return folders
        .flatMap((folder) => filesWith(join(root, folder), { holds, without }))
        .map((path) => path.slice(root.length))
        .sort();
    };
    assert.deepEqual(onTwin(holdsFile), SECRET_FILES.slice(1));
    const found = onTwin(finder(inEnvironment));
    assert.ok(found.includes(SECRET_FILES[0] ?? ""));
    assert.deepEqual(
      found.filter((path) => path !== SECRET_FILES[0] && !ENGINE_NOTES.test(path)),
      [],
    );
    await open.inTwin(`for file in ${found.join(" ")}; do ! su nobody -s /bin/sh -c "test -r $file" || exit 1; done`);
  });

  test("the journal has none, and docker tells only what the estate asked to be in an environment", async () => {
    const journal = await open.inTwin("journalctl --output export --no-pager", 60);
    assert.match(journal, /COMMAND=.*lease-/, "the journal does not tell what was run");
    assert.ok(!holdsAny(inBytes(journal)));
    const all = "docker ps --all --quiet; docker image ls --quiet; docker network ls --quiet; docker volume ls --quiet";
    const inspected = await open.inTwin(`docker inspect $(${all})`);
    assert.ok(!holdsFile(inBytes(inspected)));
    assert.ok(finder(inEnvironment)(inBytes(inspected)), "the search does not find what must be there");
    const said = await open.inTwin("for one in $(docker ps --all --quiet); do docker logs $one 2>&1; done");
    assert.ok(!holdsAny(inBytes(said)));
  });

  test("a task that fails with a secret in hand tells none and leaves none", async () => {
    await open.inTwin(
      `rm ${SECRET_FILES.join(" ")} && mount --bind -o ro ${SERVICE} ${SERVICE} && mount -o remount,bind,ro ${SERVICE}`,
    );
    const failing = watchProcesses(holdsFile);
    const plan = await open.plan(rehearsed);
    const error = await open.apply(plan, rehearsed).catch((reason: unknown) => reason);
    const seen = failing.stop();
    assert.ok(error instanceof Problem && error.code === "failed", String(error));
    assert.ok(!holdsAny(inBytes(inspect(error, { depth: 9 }))));
    assert.deepEqual(seen, []);
    for (const folder of ["/tmp", "/dev/shm", "/var/tmp"]) {
      assert.deepEqual(filesWith(folder, { holds: holdsAny, since: began }), []);
      assert.deepEqual(filesWith(join(open.twin.root(), folder), { holds: holdsAny }), []);
    }
    assert.ok(!holdsAny(inBytes(await open.inTwin("journalctl --output export --no-pager", 60))));
  });
});
