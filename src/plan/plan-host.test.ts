import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resource, type Ref, type Resource, type Step } from "../resources/index.ts";
import { planHost, type HostPlan } from "./index.ts";
import { directoryOf, fileOf, lookOf, refsOf, unitOf, type Seen } from "./plan-fixture.ts";

type Parts = NonNullable<Parameters<typeof resource>[3]>;

const file = (path: string, parts: Parts = {}, role = "common"): Resource =>
  resource("file", role, { path, content: "new\n" }, parts);
const directory = (path: string, parts: Parts = {}): Resource => resource("directory", "common", { path }, parts);
const pkg = (name: string, parts: Parts = {}, more = {}): Resource =>
  resource("package", "common", { name, ...more }, parts);

type Given = { readonly seen?: Seen; readonly owned?: readonly Ref[]; readonly role?: string };

function plan(wanted: readonly Resource[], { seen = {}, owned = [], role }: Given = {}): HostPlan {
  return planHost({ host: "control", wanted, look: lookOf(wanted, seen, owned), role });
}

const network = (needs: Ref[] = []): Resource =>
  resource("network", "docker", { name: "team", bridge: "dm-team", subnet4: "10.0.0.0/24" }, { needs });
const unit = (needs: Ref[] = []): Resource =>
  resource("unit", "docker", { name: "docker.service", active: true }, { needs });
const configured = (name: string, needs: Ref[]): Resource =>
  resource("unit", "common", { name, active: true, config: "sha256:11" }, { needs });
const told = (step: Step): string[] =>
  step.step === "commands" ? step.commands.map((each) => each.argv.join(" ")) : [step.step];
const stepsOf = ({ stages }: HostPlan): Step[] => stages.flatMap((each) => each.steps);
const historyOf = (applied: string): string[] =>
  planHost({ host: "control", wanted: [], nonce: "a".repeat(32), look: { ...lookOf([], {}), applied } })
    .history.trimEnd()
    .split("\n");

describe("what Demesne did not put there", () => {
  const [mine, foreign] = [fileOf("new\n"), fileOf("old\n")];

  test("is refused when it differs, with the way to adopt it", () => {
    const { changes, refusals, stages } = plan([file("/a")], { seen: { "file:/a": foreign } });
    assert.deepEqual([changes, stages], [[], []]);
    assert.deepEqual(refusals, [
      {
        ref: "file:/a",
        role: "common",
        what: "is there, was not put there by Demesne, and differs in content",
        fix: 'look at it on the host; to let Demesne change it, add "file:/a" to the host\'s adopt list in inventory/hosts.yaml',
      },
    ]);
  });

  test("is left alone, and is not ours, when it is as wanted", () => {
    const { changes, refusals, owned } = plan([file("/a")], { seen: { "file:/a": mine } });
    assert.deepEqual([changes, refusals, owned.after], [[], [], []]);
  });

  test("is changed when it is adopted, and stays somebody else's", () => {
    const { changes, owned } = plan([file("/a", { adopt: true })], { seen: { "file:/a": foreign } });
    assert.deepEqual(
      changes.map((each) => [each.action, each.ref]),
      [["update", "file:/a"]],
    );
    assert.deepEqual(owned, { before: [], during: [], after: [] });
  });

  test("is changed when it is owned", () => {
    assert.deepEqual(refsOf(plan([file("/a")], { seen: { "file:/a": foreign }, owned: ["file:/a"] })), [
      "update file:/a",
    ]);
  });

  test("of another type is refused whoever owns it", () => {
    const { changes, refusals } = plan([file("/a", { adopt: true })], {
      seen: { "file:/a": directoryOf() },
      owned: ["file:/a"],
    });
    assert.deepEqual(changes, []);
    assert.match(refusals[0]?.what ?? "", /is a directory/);
  });

  test("is nobody's matter for a kind that many may have", () => {
    const wanted = [resource("package", "common", { name: "telnet", state: "absent" })];
    assert.deepEqual(refsOf(plan(wanted, { seen: { "package:telnet": { state: "installed", version: "1" } } })), [
      "update package:telnet",
    ]);
  });
});

describe("what is owned and no longer wanted", () => {
  const seen: Seen = {
    "file:/etc/a/b": fileOf("x"),
    "directory:/etc/a": directoryOf(),
    "unit:demesne-old.service": unitOf({ ours: true }),
    "user:old": { present: true, shell: "/bin/bash", home: "/home/old", groups: [], password: "locked" },
    "stack:old": { containers: [{ name: "old", inputs: "sha256:11", state: "running" }] },
    "nft-table:inet demesne": { rules: "table inet demesne {\n}" },
    "package:old": { state: "installed", version: "1" },
  };
  const owned: Ref[] = [
    "package:old",
    "directory:/etc/a",
    "file:/etc/a/b",
    "user:old",
    "stack:old",
    "unit:demesne-old.service",
    "nft-table:inet demesne",
    "file:/gone",
  ];

  test("is removed, what stands on others first; from the first that may cut the connection on at the end", () => {
    assert.deepEqual(refsOf(plan([file("/z")], { seen, owned })), [
      "remove stack:old",
      "remove unit:demesne-old.service",
      "create file:/z",
      "remove nft-table:inet demesne",
      "remove file:/etc/a/b",
      "remove directory:/etc/a",
      "remove user:old",
      "remove package:old",
    ]);
  });

  test("has the risk of its kind", () => {
    const risks = plan([], { seen, owned }).changes.map((each) => `${each.risk} ${each.ref}`);
    assert.deepEqual(risks, [
      "restart stack:old",
      "restart unit:demesne-old.service",
      "connectivity nft-table:inet demesne",
      "routine file:/etc/a/b",
      "routine directory:/etc/a",
      "connectivity user:old",
      "restart package:old",
    ]);
  });

  test("has at least the risk that its role gave it", () => {
    const wanted = [file("/etc/ssh/a", { risk: "connectivity" }), file("/etc/b")];
    const { after } = plan(wanted).owned;
    assert.deepEqual(
      after.map(({ ref, risk }) => [ref, risk]),
      [
        ["file:/etc/b", undefined],
        ["file:/etc/ssh/a", "connectivity"],
      ],
    );
    const there = { "file:/etc/ssh/a": fileOf("new\n"), "file:/etc/b": fileOf("new\n") };
    const look = { ...lookOf([], there, ["file:/etc/b", "file:/etc/ssh/a"]), owned: after };
    const { changes } = planHost({ host: "control", wanted: [], look });
    assert.deepEqual(
      changes.map((each) => [each.ref, each.risk]),
      [
        ["file:/etc/ssh/a", "connectivity"],
        ["file:/etc/b", "routine"],
      ],
    );
  });

  test("and is gone already is only taken off the list", () => {
    const { changes, owned: lists } = plan([], { owned: ["file:/gone"] });
    assert.deepEqual(changes, []);
    assert.deepEqual(
      [lists.before, lists.after].map((list) => list.map((each) => each.ref)),
      [["file:/gone"], []],
    );
  });

  test("and cannot be seen stays on the list, and is said", () => {
    const {
      changes,
      waiting,
      owned: lists,
    } = plan([], { seen: { "stack:old": "the Docker engine does not answer" }, owned: ["stack:old"] });
    assert.deepEqual(changes, []);
    assert.deepEqual(waiting, [
      {
        ref: "stack:old",
        role: "",
        what: "is no longer wanted, and cannot be observed: the Docker engine does not answer",
        for: [],
      },
    ]);
    assert.deepEqual(
      lists.after.map((each) => each.ref),
      ["stack:old"],
    );
  });

  test("is asked about with this version's questions from now on", () => {
    const { during } = plan([file("/a")], { owned: ["file:/a"], seen: { "file:/a": fileOf("new\n") } }).owned;
    assert.deepEqual(during, [{ ref: "file:/a", probe: [{ ask: "stat", path: "/a" }] }]);
  });
});

test("the list of what is owned is widened before and narrowed after, and holds what is made only", () => {
  const wanted = [file("/made"), file("/kept"), file("/adopted", { adopt: true })];
  const seen = { "file:/kept": fileOf("new\n"), "file:/gone": fileOf("x"), "file:/adopted": fileOf("old\n") };
  const { before, during, after } = plan(wanted, { seen, owned: ["file:/kept", "file:/gone"] }).owned;
  const names = (list: typeof before): string[] => list.map((each) => each.ref);
  assert.deepEqual(names(before), ["file:/gone", "file:/kept"]);
  assert.deepEqual(names(during), ["file:/gone", "file:/kept", "file:/made"]);
  assert.deepEqual(names(after), ["file:/kept", "file:/made"]);
});

describe("what cannot be observed", () => {
  const engine = "the Docker engine does not answer";
  const docker = unitOf({ active: false });

  test("is a refusal where nothing changes that", () => {
    const { refusals, waiting } = plan([unit(), network()], {
      seen: { "unit:docker.service": unitOf(), "network:team": engine },
    });
    assert.deepEqual(waiting, []);
    assert.deepEqual(refusals, [
      {
        ref: "network:team",
        role: "docker",
        what: `cannot be observed: ${engine}`,
        fix: "mend that on the host, then plan again",
      },
    ]);
  });

  test("waits for what it needs and changes", () => {
    const { changes, refusals, waiting } = plan([unit(), network()], {
      seen: { "unit:docker.service": docker, "network:team": engine },
    });
    assert.deepEqual([changes.map((each) => each.ref), refusals], [["unit:docker.service"], []]);
    assert.deepEqual(waiting, [
      { ref: "network:team", role: "docker", what: `cannot be observed yet: ${engine}`, for: ["unit:docker.service"] },
    ]);
  });

  test("is empty where its package is only being installed", () => {
    const wanted = [pkg("docker.io"), network(["package:docker.io"])];
    const { changes, waiting, refusals } = plan(wanted, { seen: { "network:team": engine } });
    assert.deepEqual(
      changes.map((each) => each.sentence),
      ["install the package docker.io (apt chooses version and dependencies)", "make the network team"],
    );
    assert.deepEqual([waiting, refusals], [[], []]);
  });

  test("is empty where its package says that it brings it", () => {
    const brings = { units: { "docker.service": { enabled: true, active: true } }, fresh: ["unit:docker.service"] };
    const wanted = [pkg("docker.io", {}, { brings }), unit(), network()];
    const { changes, refusals } = plan(wanted, {
      seen: {
        "unit:docker.service": unitOf({ load: "not-found", enabled: false, active: false }),
        "network:team": engine,
      },
    });
    assert.deepEqual([changes.map((each) => each.ref), refusals], [["package:docker.io", "network:team"], []]);
  });

  test("makes wait what needs it, however far away", () => {
    const stack = resource("stack", "service", {
      name: "web",
      file: "/c",
      inputs: "sha256:11",
      containers: ["web"],
      networks: ["team"],
    });
    const last = file("/last", { needs: ["stack:web"] });
    const wanted = [unit(), network(), stack, last];
    const { waiting, refusals, changes } = plan(wanted, {
      seen: { "unit:docker.service": docker, "network:team": engine, "stack:web": engine },
    });
    assert.deepEqual(refusals, []);
    assert.deepEqual(
      changes.map((each) => each.ref),
      ["unit:docker.service"],
    );
    assert.deepEqual(
      waiting.map((each) => [each.ref, each.for]),
      [
        ["network:team", ["unit:docker.service"]],
        ["stack:web", ["unit:docker.service", "network:team"]],
        ["file:/last", ["stack:web"]],
      ],
    );
    assert.equal(waiting[2]?.what, "can only follow what it needs");
  });

  test("and was not even looked at is told so", () => {
    const look = { ...lookOf([], {}), resources: new Map() };
    const { refusals } = planHost({ host: "control", wanted: [file("/a")], look });
    assert.equal(refusals[0]?.what, "cannot be observed: it was not looked at");
  });
});

describe("an assertion, which no command can make true,", () => {
  const check = resource(
    "check",
    "ssh",
    { name: "sshd", argv: ["sshd", "-T"], lines: ["permitrootlogin no"], fix: "mend it" },
    { needs: ["file:/a"] },
  );
  const fails = { missing: ["permitrootlogin no"], instead: ["permitrootlogin yes"] };

  test("waits while what it stands on changes", () => {
    const { waiting, refusals } = plan([file("/a"), check], { seen: { "check:sshd": fails } });
    assert.deepEqual(refusals, []);
    assert.deepEqual(waiting, [
      { ref: "check:sshd", role: "ssh", what: "is looked at again afterwards", for: ["file:/a"] },
    ]);
  });

  test("is a refusal where nothing changes", () => {
    const { waiting, refusals } = plan([file("/a"), check], {
      seen: { "file:/a": fileOf("new\n"), "check:sshd": fails },
    });
    assert.deepEqual(waiting, []);
    assert.deepEqual(
      refusals.map((each) => [each.what, each.fix]),
      [["sshd lacks: permitrootlogin no (it says: permitrootlogin yes)", "mend it"]],
    );
  });

  test("that holds now may fail afterwards, and is looked at then", () => {
    assert.deepEqual(plan([file("/a"), check], { seen: { "check:sshd": { missing: [], instead: [] } } }).refusals, []);
  });
});

describe("what earlier changes bring", () => {
  test("a package's unit is not refused, and what the package starts is not started again", () => {
    const brings = { units: { "a.service": { enabled: true, active: true } } };
    const brought = resource(
      "unit",
      "common",
      { name: "a.service", enabled: true, active: true },
      { needs: ["package:aa"] },
    );
    const gone = unitOf({ load: "not-found", enabled: false, active: false });
    assert.deepEqual(refsOf(plan([brought, pkg("aa", {}, { brings })], { seen: { "unit:a.service": gone } })), [
      "create package:aa",
    ]);
    assert.match(
      plan([brought, pkg("aa")], { seen: { "unit:a.service": gone } }).refusals[0]?.what ?? "",
      /there is no unit a.service/,
    );
  });

  test("a network that is made anew brings its stacks up again", () => {
    const stack = resource("stack", "service", {
      name: "web",
      file: "/c",
      inputs: "sha256:11",
      containers: ["web"],
      networks: ["team"],
    });
    const seen = {
      "network:team": {
        present: true,
        bridge: "dm-team",
        subnets: ["10.9.0.0/24"],
        internal: false,
        binding: "127.0.0.1",
      },
      "stack:web": { containers: [{ name: "web", inputs: "sha256:11", state: "running" }] },
    };
    const { changes } = plan([stack, network()], { seen, owned: ["network:team", "stack:web"] });
    assert.deepEqual(
      changes.map((each) => each.sentence),
      ["make the network team anew: subnets cannot be changed in place", "bring the stack web up again: network team"],
    );
  });

  test("a file that was put right restarts what needs it, and nothing else", () => {
    const running = unitOf({
      dropIn: "# Written by Demesne.\n[Service]\nSetCredential=demesne.config:sha256:11\n",
      running: "sha256:11",
    });
    const wanted = [file("/a"), configured("reads.service", ["file:/a"]), configured("other.service", [])];
    const seen = { "file:/a": fileOf("tampered\n"), "unit:reads.service": running, "unit:other.service": running };
    assert.deepEqual(refsOf(plan(wanted, { seen, owned: ["file:/a"] })), [
      "update file:/a",
      "update unit:reads.service",
    ]);
  });
});

describe("order", () => {
  test("a change comes after what it needs, also through what does not change", () => {
    const wanted = [
      resource("package", "common", { name: "late" }, { needs: ["directory:/between"] }),
      directory("/between", { needs: ["file:/first"] }),
      file("/first"),
    ];
    const { changes } = plan(wanted, { seen: { "directory:/between": directoryOf() } });
    assert.deepEqual(
      changes.map((each) => each.ref),
      ["file:/first", "package:late"],
    );
  });

  test("the worst of the change's risk and the resource's is said", () => {
    const wanted = [
      file("/a", { risk: "connectivity" }),
      resource("unit", "common", { name: "a.service", settings: ["A=b"] }, { risk: "routine" }),
    ];
    const { changes } = plan(wanted, { seen: { "unit:a.service": unitOf() } });
    assert.deepEqual(
      changes.map((each) => [each.ref, each.risk]),
      [
        ["unit:a.service", "restart"],
        ["file:/a", "connectivity"],
      ],
    );
  });
});

describe("one role alone", () => {
  const wanted = [
    file("/a"),
    file("/b", { needs: ["directory:/d"] }, "docker"),
    directory("/d", { needs: ["package:tool"] }),
    pkg("tool"),
    file("/c", {}, "firewall"),
  ];

  test("is planned with everything it stands on, and with nothing else", () => {
    const only = plan(wanted, { role: "docker" });
    assert.deepEqual(refsOf(only), ["create package:tool", "create directory:/d", "create file:/b"]);
    assert.equal(only.resources, 3);
  });

  test("removes nothing, and takes nothing off the list", () => {
    const given = {
      seen: { "file:/old": fileOf("x"), "stack:old": "the Docker engine does not answer" },
      owned: ["file:/old", "stack:old"] as Ref[],
    };
    assert.deepEqual(refsOf(plan(wanted, given))[0], "remove file:/old");
    const only = plan(wanted, { ...given, role: "docker" });
    assert.deepEqual(
      only.changes.filter((each) => each.action === "remove"),
      [],
    );
    assert.deepEqual(only.waiting, []);
    assert.deepEqual(
      only.owned.after.map((each) => each.ref),
      ["directory:/d", "file:/b", "file:/old", "package:tool", "stack:old"],
    );
  });

  test("that does not exist is a plan of nothing", () => {
    assert.deepEqual(refsOf(plan(wanted, { role: "nobody" })), []);
  });
});

describe("steps", () => {
  test("neighbouring trees are one, parents before children, each path once", () => {
    const wanted = [directory("/z"), file("/z/b"), file("/z/a"), directory("/z-y"), file("/z/a/c"), directory("/a")];
    const steps = stepsOf(plan(wanted));
    assert.equal(steps.length, 1);
    const [tree] = steps;
    assert.ok(tree?.step === "tree");
    assert.deepEqual(
      tree.entries.map((each) => each.path),
      ["/a", "/z", "/z-y", "/z/a", "/z/a/c", "/z/b"],
    );
  });

  test("neighbouring commands are one, and what stands between keeps its place", () => {
    const wanted = [
      resource("sysctl", "common", { key: "kernel.sysrq", value: "0" }),
      resource("unit", "common", { name: "a.service", active: true }),
      file("/checked", { needs: ["unit:a.service"] }),
      resource("unit", "common", { name: "b.service", active: true }, { needs: ["file:/checked"] }),
    ];
    const off = unitOf({ active: false });
    const seen = { "sysctl:kernel.sysrq": { value: "1" }, "unit:a.service": off, "unit:b.service": off };
    const steps = stepsOf(plan(wanted, { seen }));
    assert.deepEqual(steps.map(told), [
      ["sysctl --write kernel.sysrq=0", "systemctl daemon-reload", "systemctl start a.service"],
      ["tree"],
      ["systemctl daemon-reload", "systemctl start b.service"],
    ]);
  });

  test("removals of several kinds are each kind's own", () => {
    const seen = {
      "file:/a": fileOf("x"),
      "directory:/b": directoryOf(),
      "package:tool": { state: "installed", version: "1" },
    };
    const steps = stepsOf(plan([], { seen, owned: ["package:tool", "file:/a", "directory:/b"] }));
    assert.deepEqual(
      steps.map((step) => (step.step === "task" ? step.task.module : step.step)),
      ["file", "commands", "apt"],
    );
  });

  test("nothing to do is no step", () => {
    assert.deepEqual(plan([file("/a")], { seen: { "file:/a": fileOf("new\n") } }).stages, []);
  });
});

describe("the host's list of applied plans", () => {
  test("gets this plan's nonce at its end", () => {
    assert.deepEqual(historyOf(""), [`{"format":1,"nonce":"${"a".repeat(32)}"}`]);
    assert.deepEqual(historyOf('{"old":1}\n'), ['{"old":1}', `{"format":1,"nonce":"${"a".repeat(32)}"}`]);
  });

  test("does not grow for ever", () => {
    const long = Array.from({ length: 500 }, (_, at) => `{"at":${at}}\n`).join("");
    const lines = historyOf(long);
    assert.equal(lines.length, 200);
    assert.equal(lines[0], '{"at":301}');
  });
});
