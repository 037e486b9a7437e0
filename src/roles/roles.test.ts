// What the roles make of the example, of its variations and of every system: shown by the programs that will read it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { z } from "zod";
// oxlint-disable-next-line no-restricted-imports -- a test reads real output; the room itself stays pure
import { readCase } from "../../test/cases/read.ts";
import { loadEstate, type Estate, type EstateHost, type EstateService } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/config.ts";
import { run } from "../lib/run.ts";
import { idOf, kindOf, type Ref, type Resource } from "../resources/index.ts";
import { controls, resourcesOf } from "./index.ts";

const limit = { timeoutMs: 20_000 };
const estate = await loadEstate(join(import.meta.dirname, "../../examples/harbour"), {
  signal: AbortSignal.timeout(120_000),
  clock: { now: () => Date.parse("2026-11-21T12:00:00Z") },
});
const DIGEST = `sha256:${"a".repeat(64)}`;
const systems = ["debian-12", "debian-13", "ubuntu-24.04"] as const;

function hostOf(id: string, parts: Partial<EstateHost> = {}): EstateHost {
  const found = estate.hosts.find((each) => each.id === id) ?? assert.fail(`no host ${id}`);
  return { ...found, ...parts };
}

type Given = { readonly of?: Estate; readonly host?: EstateHost; readonly skipped?: readonly string[] };

function wantedOf({ of = estate, host = hostOf("control"), skipped = [] }: Given = {}): readonly Resource[] {
  return resourcesOf({
    estate: of,
    host,
    skipped: new Map(skipped.map((name) => [name, "not here"])),
    deadmanProgram: "# the dead-man\n",
    secretDigest: (name, template) => `hmac-sha256:${name}:${template}`,
  });
}

/** A field of what is wanted, as text. */
const Fields = z.looseObject({
  content: z.string().default(""),
  rules: z.string().default(""),
  image: z.string().default(""),
  validate: z.array(z.string()).optional(),
  preflight: z.array(z.string()).optional(),
  lines: z.array(z.string()).default([]),
  brings: z.object({ units: z.record(z.string(), z.unknown()).default({}) }).default({ units: {} }),
  masked: z.boolean().default(false),
  conflict: z.string().optional(),
  enabled: z.boolean().optional(),
});
const fieldsOf = (each: Resource): z.infer<typeof Fields> => Fields.parse(each.wanted);

function get(all: readonly Resource[], ref: Ref): Resource {
  return all.find((each) => each.ref === ref) ?? assert.fail(`nothing is wanted as ${ref}`);
}

/** What the firewall lets through from the gateway's own network. */
function egressOf(of: Estate): string[] {
  const { rules } = fieldsOf(get(wantedOf({ of }), "nft-table:inet demesne"));
  const lines = rules.split("\n").filter((line) => line.includes('iifname "dm-egress"'));
  return lines.map((line) => line.trim());
}

function textOf(all: readonly Resource[], path: string): string {
  return fieldsOf(get(all, `file:${path}`)).content;
}

const refsOf = (given: Given): string[] => wantedOf(given).map((each) => each.ref);
const sshdFileOf = (waivers: Estate["waivers"]): string =>
  textOf(wantedOf({ of: { ...estate, waivers } }), "/etc/ssh/sshd_config.d/00-demesne.conf");

/** What most of them have, and nobody wants to read a hundred times. */
const usual: Readonly<Record<string, unknown>> = {
  mode: "0644",
  owner: "root",
  group: "root",
  state: "installed",
  brings: { units: {} },
};

/** Everything wanted, as a reviewer reads it. Digests are numbered: which text they are of stands beside them. */
function reviewed(all: readonly Resource[]): string {
  const digests: string[] = [];
  return all
    .map(reviewedOne)
    .join("")
    .replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => {
      if (!digests.includes(digest)) digests.push(digest);
      return `sha256:<${digests.indexOf(digest) + 1}>`;
    });
}

function reviewedOne(each: Resource): string {
  const { ref, risk, adopt, ownKernel } = each;
  const marks = [
    each.role,
    ...(risk === "routine" ? [] : [risk]),
    ...(adopt ? ["adopted"] : []),
    ...(ownKernel === undefined ? [] : ["own kernel"]),
  ];
  const needs = each.needs.filter((need) => !/^(?:directory|user|group):/.test(need));
  // The gateway's own room says what stands in its configuration.
  const hidden = ref.endsWith("/gateway.yaml") ? ["content"] : [];
  const told = Object.entries(z.record(z.string(), z.unknown()).parse(each.wanted)).filter(
    ([key, value]) =>
      value !== idOf(ref) && !hidden.includes(key) && JSON.stringify(value) !== JSON.stringify(usual[key]),
  );
  const parts = { ...(needs.length === 0 ? {} : { needs: needs.join(", ") }), ...Object.fromEntries(told) };
  const text =
    Object.keys(parts).length === 0
      ? ""
      : stringify(parts, { lineWidth: 0, defaultStringType: "PLAIN" }).replaceAll(/^(?=.)/gm, "  ");
  return `${ref}  (${marks.join(", ")})\n${text}`;
}

/** The chat UI opened to the office and to everybody on IPv6, a gateway that was published, two openings of the host. */
const busy: Estate = {
  ...estate,
  services: estate.services.map((each): EstateService => {
    if (each.name === "gateway") {
      const containers = each.containers.map(({ name }) => ({
        name,
        image: {
          kind: "build" as const,
          build: "demesne-gateway" as const,
          ref: "127.0.0.1:5000/gateway",
          digest: DIGEST,
        },
      }));
      return { ...each, containers };
    }
    const ports = each.ports.map((port) => ({
      ...port,
      publish: { address: "192.0.2.10", port: 8080 },
      open: { from: ["203.0.113.7/32", "2001:db8:113::/48", "any"], note: "office" },
    }));
    return each.name === "chat" ? { ...each, ports } : each;
  }),
};
const open: EstateHost = hostOf("control", {
  open: [
    { port: 22, proto: "tcp", from: ["any"], note: "ssh" },
    { port: 51820, proto: "udp", from: ["203.0.113.7/32", "2001:db8::7/128", "198.51.100.0/24"], note: "tunnel" },
  ],
});

describe("the example's control host", () => {
  const all = wantedOf();

  test("wants at least 100 things", () => {
    assert.ok(all.length >= 100, String(all.length));
  });

  test("wants what was reviewed, to the letter", (t) => {
    const path = join(import.meta.dirname, "../../test/cases/roles/harbour-control.txt");
    t.assert.fileSnapshot(reviewed(all), path, { serializers: [String] });
  });

  test("is the same whenever it is asked for", () => {
    assert.deepEqual(wantedOf(), all);
  });

  test("never holds a secret: references and keyed digests only", () => {
    const asked: string[] = [];
    resourcesOf({
      estate,
      host: hostOf("control"),
      skipped: new Map(),
      deadmanProgram: "",
      secretDigest: (name) => `hmac-sha256:${asked.push(name)}`,
    });
    assert.ok(asked.length > 0);
    const names = new Set(estate.secretRefs.map((each) => each.name));
    for (const name of asked) assert.ok(names.has(name), name);
  });

  test("gets fewer things when something is taken out of the estate, and no others", () => {
    const before = refsOf({});
    const without = refsOf({
      of: { ...estate, services: estate.services.filter((each) => each.name !== "chat"), accounts: [] },
    });
    assert.deepEqual(
      without.filter((each) => !before.includes(each)),
      [],
    );
    const gone = before.filter((each) => !without.includes(each));
    assert.ok(
      gone.includes("user:operator") &&
        gone.includes("stack:chat") &&
        gone.includes("file:/etc/demesne/services/chat/secrets/session-key.env"),
    );
    for (const ref of gone) assert.match(ref, /operator|chat|accounts|open-webui/, ref);
  });

  test("leaves out a service that is skipped, with all that is its", () => {
    const skipping = wantedOf({ of: busy, skipped: ["chat"] });
    assert.deepEqual(
      skipping.filter((each) => each.ref.includes("chat")).map((each) => each.ref),
      // The gateway is set up as it will be: it knows the key of a service that only a rehearsal leaves out.
      ["file:/etc/demesne/services/gateway/secrets/key_chat_chat"],
    );
    assert.doesNotMatch(fieldsOf(get(skipping, "nft-table:inet demesne")).rules, /proto-dst 8080/);
    assert.match(fieldsOf(get(wantedOf({ of: busy }), "nft-table:inet demesne")).rules, /proto-dst 8080/);
  });

  test("takes over what its host's adopt list names, and nothing else", () => {
    const adopting = wantedOf({ host: hostOf("control", { adopt: ["file:/etc/docker/daemon.json"] }) });
    const changed = adopting.filter((each, index) => each.adopt !== all[index]?.adopt).map((each) => each.ref);
    assert.deepEqual(changed, ["file:/etc/docker/daemon.json"]);
  });
});

/** Every host that the roles can be asked for: what is true of one must be of all. */
const hosts: Readonly<Record<string, Given>> = {
  ...Object.fromEntries(systems.map((os) => [`control with ${os}`, { host: hostOf("control", { os }) }])),
  ...Object.fromEntries(systems.map((os) => [`gpu with ${os}`, { host: hostOf("gpu", { os }) }])),
  "control with much open": { of: busy, host: open },
  "control behind a proxy": { host: hostOf("control", { aptProxy: "http://192.0.2.1:3142", ntp: ["192.0.2.1"] }) },
  "control with a source of its own": {
    host: hostOf("control", {
      os: "debian-12",
      aptSources: [
        {
          name: "docker",
          uris: ["https://packages.example"],
          suites: ["bookworm"],
          components: ["stable"],
          key: "-----BEGIN PGP PUBLIC KEY BLOCK-----",
        },
      ],
    }),
  },
  "control with two services of one image": {
    of: {
      ...estate,
      services: estate.services.flatMap((each) =>
        each.name === "chat"
          ? [each, { ...each, name: "chat-two", containers: [...each.containers, ...each.containers] }]
          : [each],
      ),
    },
  },
};

for (const [name, given] of Object.entries(hosts)) {
  describe(`on ${name}`, () => {
    const all = wantedOf(given);
    const refs = new Set(all.map((each) => each.ref));

    test("each thing is wanted once", () => {
      assert.equal(refs.size, all.length);
    });

    test("nothing needs itself, in however many steps", () => {
      const pending = new Map(all.map((each) => [each.ref, each.needs]));
      for (let before = -1; before !== pending.size;) {
        before = pending.size;
        for (const [ref, needs] of pending) if (!needs.some((need) => pending.has(need))) pending.delete(ref);
      }
      assert.deepEqual([...pending.keys()], []);
    });

    test("what is needed is wanted too", () => {
      // A kind names the accounts and folders above it, which may be there on every host; all else is a role's word.
      const loose = /^(?:user|group|directory):/;
      const dangling = all.flatMap((each) =>
        each.needs.filter((ref) => !refs.has(ref) && !loose.test(ref)).map((ref) => `${each.ref} needs ${ref}`),
      );
      assert.deepEqual(dangling, []);
    });

    test("a program that checks a file or a unit is there before", () => {
      const bringing: Readonly<Record<string, Ref>> = {
        visudo: "package:sudo",
        sshd: "package:openssh-server",
        nft: "package:nftables",
      };
      const grounds = groundsIn(all);
      for (const each of all) {
        const { validate, preflight } = fieldsOf(each);
        const program = (validate ?? preflight)?.[0]?.split("/").at(-1);
        if (program === undefined) continue;
        const brings = bringing[program] ?? assert.fail(`which package brings ${program}?`);
        assert.ok(grounds(each.ref).has(brings), `${each.ref} needs ${brings}`);
      }
    });

    test("a unit is brought by a package, a file or every system", () => {
      const everywhere = [
        "systemd-journald.service",
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "ssh.socket",
        "ssh.service",
        "docker.service",
        "containerd.service",
      ];
      const brought = new Set([
        ...everywhere,
        ...all.flatMap((each) => Object.keys(each.kind === "package" ? fieldsOf(each).brings.units : {})),
      ]);
      const units = all.filter(
        (each) => each.kind === "unit" && !fieldsOf(each).masked && fieldsOf(each).conflict === undefined,
      );
      const lost = units
        .map((each) => idOf(each.ref))
        .filter((id) => !brought.has(id) && !refs.has(`file:/etc/systemd/system/${id}`));
      assert.deepEqual(lost, []);
    });

    test("nobody is shut out: keys and group are there before sshd is hardened, and its port is open", () => {
      if (!refs.has("unit:ssh.service")) return;
      const before = groundsIn(all)("unit:ssh.service");
      for (const { name: account } of (given.of ?? estate).accounts) {
        assert.ok(before.has(`user:${account}`), account);
        assert.ok(before.has(`file:/home/${account}/.ssh/authorized_keys`), `the keys of ${account}`);
      }
      if (refs.has("nft-table:inet demesne"))
        assert.match(fieldsOf(get(all, "nft-table:inet demesne")).rules, /tcp dport 22 accept/);
    });

    test("every kind takes what is wanted of it", () => {
      for (const each of all) assert.deepEqual(kindOf(each.ref).wanted.parse(each.wanted), each.wanted);
    });
  });
}

/** What a thing stands on, directly or not. */
function groundsIn(all: readonly Resource[]): (ref: Ref) => ReadonlySet<Ref> {
  const needs = new Map(all.map((each) => [each.ref, each.needs]));
  return (ref) => {
    const found = new Set<Ref>();
    const follow = (at: Ref): void => {
      for (const need of needs.get(at) ?? []) {
        if (found.has(need)) continue;
        found.add(need);
        follow(need);
      }
    };
    follow(ref);
    return found;
  };
}

describe("controls", () => {
  test("are every setting of kernel and sshd", () => {
    const all = controls();
    assert.ok(
      all.has("sysctl/kernel.sysrq") &&
        all.has("ssh-hardening/PermitRootLogin") &&
        all.has("ssh-hardening/KexAlgorithms"),
    );
    assert.ok(all.size > 80, String(all.size));
  });

  test("are what the example waives", () => {
    assert.ok(estate.waivers.length > 10);
    for (const { control } of estate.waivers) assert.ok(controls().has(control), `${control} is no control`);
  });

  test("that are waived are neither set nor written, and all others are both", () => {
    const waived = new Set(estate.waivers.map((each) => each.control));
    const all = wantedOf();
    const written =
      textOf(all, "/etc/sysctl.d/60-demesne-network.conf") + textOf(all, "/etc/sysctl.d/60-demesne-kernel.conf");
    for (const control of controls()) {
      const [room, key = ""] = control.split("/");
      if (room !== "sysctl") continue;
      const isSet = all.some((each) => each.ref === `sysctl:${key}`);
      assert.equal(isSet, !waived.has(control), control);
      assert.equal(written.includes(`\n${key} = `), isSet, control);
    }
  });

  test("each change what sshd is told when they are waived", () => {
    const strict = sshdFileOf([]);
    for (const control of [...controls()].filter((each) => each.startsWith("ssh-hardening/"))) {
      const waived = sshdFileOf([{ control, reason: "a test", owner: "operator", until: "2027-11-30" }]);
      // A waived value may be sshd's own way to be lenient; ClientAliveInterval keeps the value that does no harm.
      if (control !== "ssh-hardening/ClientAliveInterval") assert.notEqual(waived, strict, control);
    }
  });
});

describe("sshd", () => {
  for (const os of ["debian-13", "debian-12"] as const) {
    test(`of ${os} said what is asked of it, when it was given this file`, () => {
      const Capture = z.object({ answers: z.array(z.object({ answer: z.object({ stdout: z.string() }) })) });
      const said = readCase(`captures/${os}/sshd`, Capture).answers[0]?.answer.stdout.split("\n") ?? [];
      const { lines } = fieldsOf(
        get(wantedOf({ host: hostOf("control", { os }) }), "check:sshd's effective configuration"),
      );
      assert.ok(lines.length > 30);
      const missing = lines.filter((line) => !said.some((each) => each.toLowerCase() === line.toLowerCase()));
      assert.deepEqual(missing, [], "capture sshd -T anew: see test/cases/captures/README.md");
    });
  }

  test("of this machine accepts the file", async (t) => {
    const text = textOf(wantedOf(), "/etc/ssh/sshd_config.d/00-demesne.conf");
    const script =
      'd=$(mktemp -d) && cat > "$d/conf" && ssh-keygen -q -t ed25519 -N "" -f "$d/key" && /usr/sbin/sshd -t -f "$d/conf" -h "$d/key"; s=$?; rm -r "$d"; exit $s';
    if ((await run(["sh", "-c", "test -x /usr/sbin/sshd -a -d /run/sshd"], limit)).status !== 0)
      return t.skip("sshd is not installed here");
    const { status, stderr } = await run(["sh", "-c", script], { ...limit, input: text });
    assert.equal(status, 0, stderr);
  });
});

describe("the firewall", () => {
  const skip = process.getuid?.() === 0 ? false : "nft needs root, and a network namespace of its own";
  for (const [name, given] of Object.entries({
    "as the example has it": {},
    "with much open": { of: busy, host: open },
  })) {
    test(`${name} is taken by nft, and listed as it was written`, { skip }, async (t) => {
      const all = wantedOf(given);
      const path = "/etc/demesne/firewall.nft";
      const look = { ...limit, input: textOf(all, path) };
      if ((await run(["sh", "-c", "command -v nft"], limit)).status !== 0) return t.skip("nft is not installed");
      const load =
        "f=$(mktemp) && cat > $f && nft --check --file $f && nft --file $f && nft --file $f && nft --stateless list table inet demesne; s=$?; rm $f; exit $s";
      // In a network namespace that nobody else is in.
      const { status, stdout, stderr } = await run(["unshare", "--net", "sh", "-c", load], look);
      assert.equal(status, 0, stderr);
      const wanted = get(all, "nft-table:inet demesne");
      const observed = kindOf(wanted.ref).read(
        idOf(wanted.ref),
        () => ({ status: 0, stdout, stderr: "" }),
        wanted.wanted,
      );
      assert.deepEqual(kindOf(wanted.ref).compare(wanted.wanted, observed, {}), { verdict: "same" });
    });
  }

  test("lets in what the host opens, from where it is opened, and drops by default", () => {
    const { rules } = fieldsOf(get(wantedOf({ of: busy, host: open }), "nft-table:inet demesne"));
    const lines = new Set(rules.split("\n").map((line) => line.trim()));
    for (const line of [
      "type filter hook input priority filter; policy drop;",
      "type filter hook forward priority filter - 10; policy drop;",
      "tcp dport 22 accept",
      "ip saddr 203.0.113.7 udp dport 51820 accept",
      "ip6 saddr 2001:db8::7 udp dport 51820 accept",
      "ip saddr 198.51.100.0/24 udp dport 51820 accept",
      "ip saddr 203.0.113.7 meta l4proto tcp ct status dnat ct original proto-dst 8080 accept",
      "ip6 saddr 2001:db8:113::/48 meta l4proto tcp ct status dnat ct original proto-dst 8080 accept",
      "meta l4proto tcp ct status dnat ct original proto-dst 8080 accept",
    ])
      assert.ok(lines.has(line), line);
  });

  test("opens nothing for a service that publishes on loopback", () => {
    const { rules } = fieldsOf(get(wantedOf(), "nft-table:inet demesne"));
    assert.doesNotMatch(rules, /dnat|4000|8080/);
  });

  test("lets the gateway out to the model's port and no further", () => {
    assert.deepEqual(egressOf(estate), [
      'iifname "dm-egress" oifname "dm-egress" accept',
      'iifname "dm-egress" tcp dport 443 accept',
    ]);
  });

  test("lets the gateway out to the port of a local model too, where there is one", () => {
    const { model } = estate.seam;
    const local = { ...model, url: "http://192.0.2.20:8000", names: { own: "worker" } };
    const of = { ...estate, seam: { ...estate.seam, model: { ...model, local } } };
    assert.deepEqual(egressOf(of).slice(1), [
      'iifname "dm-egress" tcp dport 443 accept',
      'iifname "dm-egress" tcp dport 8000 accept',
    ]);
  });
});

describe("Docker", () => {
  const Daemon = z.object({
    ip: z.string(),
    icc: z.boolean(),
    "live-restore": z.boolean(),
    "default-address-pools": z.array(z.object({ base: z.string(), size: z.number() })),
    "default-network-opts": z.object({ bridge: z.record(z.string(), z.string()) }),
  });

  test("publishes on loopback by default, in its own ranges", () => {
    const text = textOf(wantedOf(), "/etc/docker/daemon.json");
    const daemon = Daemon.parse(JSON.parse(text));
    assert.equal(daemon.ip, "127.0.0.1");
    assert.equal(daemon.icc, false);
    assert.deepEqual(daemon["default-network-opts"].bridge, {
      "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    });
    assert.deepEqual(
      daemon["default-address-pools"].map((each) => each.base),
      ["10.78.0.0/16", "fd78::/56"],
    );
  });

  test("has a network for each tier and one way out, none over another", () => {
    const networks = wantedOf().filter((each) => each.kind === "network");
    const Network = z.object({
      name: z.string(),
      bridge: z.string().max(15),
      subnet4: z.string(),
      subnet6: z.string(),
    });
    const parsed = networks.map((each) => Network.parse(each.wanted));
    assert.deepEqual(
      parsed.map((each) => each.name),
      ["demesne-team", "demesne-guest", "demesne-agent", "demesne-egress"],
    );
    for (const key of ["bridge", "subnet4", "subnet6"] as const)
      assert.equal(new Set(parsed.map((each) => each[key])).size, parsed.length, key);
    assert.deepEqual([parsed[3]?.subnet4, parsed[3]?.subnet6], ["10.78.255.0/24", "fd78:0:0:ff::/64"]);
  });

  test("starts after the firewall stands", () => {
    assert.ok(groundsIn(wantedOf())("unit:docker.service").has("nft-table:inet demesne"));
  });
});

describe("a service's compose file", () => {
  const all = wantedOf({ of: busy });
  const Compose = z.strictObject({
    name: z.string(),
    services: z.record(
      z.string(),
      z.looseObject({
        image: z.string(),
        networks: z.array(z.string()),
        labels: z.record(z.string(), z.string()),
        ports: z.array(z.string()).default([]),
        volumes: z.array(z.string()).default([]),
        env_file: z.array(z.string()).default([]),
      }),
    ),
    networks: z.record(z.string(), z.strictObject({ name: z.string(), external: z.literal(true) })),
    volumes: z.record(z.string(), z.unknown()).optional(),
  });
  const folders = ["chat", "gateway"].map((name) => `/etc/demesne/services/${name}`);
  const composeOf = (folder: string): z.infer<typeof Compose> =>
    Compose.parse(parse(textOf(all, `${folder}/compose.yaml`)));

  test("runs images by digest, and each is pulled before", () => {
    for (const folder of folders) {
      for (const { image } of Object.values(composeOf(folder).services)) {
        assert.match(image, /@sha256:[0-9a-f]{64}$/);
        assert.ok(
          all.some((each) => each.ref === `image:${image}`),
          image,
        );
      }
    }
  });

  test("names only networks that are made before, and the way out for the gateway alone", () => {
    const refs = new Set<string>(all.map((each) => each.ref));
    for (const folder of folders)
      for (const { name } of Object.values(composeOf(folder).networks)) assert.ok(refs.has(`network:${name}`), name);
    const outward = folders.filter((folder) => "egress" in composeOf(folder).networks);
    assert.deepEqual(outward, ["/etc/demesne/services/gateway"]);
  });

  test("reads only files that are put beside it, or volumes of its own", () => {
    const refs = new Set<string>(all.map((each) => each.ref));
    for (const folder of folders) {
      const { services, volumes = {} } = composeOf(folder);
      for (const { volumes: mounts, env_file: files } of Object.values(services)) {
        const sources = [...mounts.map((each) => each.split(":")[0] ?? ""), ...files];
        assert.ok(sources.length > 0);
        for (const source of sources) {
          const isThere = source.startsWith("./") ? refs.has(`file:${folder}/${source.slice(2)}`) : source in volumes;
          assert.ok(isThere, `${folder}: ${source}`);
        }
      }
    }
  });

  test("publishes where service.yaml says, and nowhere else", () => {
    assert.deepEqual(
      folders.map((folder) => Object.values(composeOf(folder).services).flatMap((each) => each.ports)),
      [["192.0.2.10:8080:8080"], ["127.0.0.1:4000:4000"]],
    );
  });

  const labelOf = (digest: string): string => {
    const made = resourcesOf({
      estate: busy,
      host: hostOf("control"),
      skipped: new Map(),
      deadmanProgram: "",
      secretDigest: (name) => (name === "chat/session_key" ? digest : name),
    });
    const stack = z.object({ inputs: z.string() }).parse(get(made, "stack:chat").wanted);
    const compose = Compose.parse(parse(textOf(made, "/etc/demesne/services/chat/compose.yaml")));
    assert.deepEqual(
      Object.values(compose.services).map((each) => each.labels["demesne.inputs"]),
      [stack.inputs],
    );
    return stack.inputs;
  };

  test("carries the digest of all its inputs, which a changed secret changes", () => {
    assert.equal(labelOf("one"), labelOf("one"));
    assert.notEqual(labelOf("one"), labelOf("two"));
  });

  test("is brought up after everything that it reads", () => {
    for (const folder of folders) {
      const name = folder.split("/").at(-1);
      const before = groundsIn(all)(`stack:${name}`);
      const files = all.filter((each) => each.kind === "file" && each.ref.startsWith(`file:${folder}/`));
      assert.ok(files.length > 1);
      for (const { ref } of files) assert.ok(before.has(ref), ref);
    }
  });

  test("the gateway's own configuration is one that the gateway takes", () => {
    const config = GatewayConfig.parse(parse(textOf(all, "/etc/demesne/services/gateway/gateway.yaml")));
    assert.deepEqual(Object.keys(config.routes), ["large", "small"]);
  });
});

test("what a twin cannot have says why, and is a kernel's or a clock's", () => {
  const left = wantedOf().filter((each) => each.ownKernel !== undefined);
  assert.ok(left.length > 10 && left.length < 30, String(left.length));
  for (const { ref, ownKernel } of left) {
    assert.match(
      ref,
      /^(?:sysctl:(?:fs|kernel|net\.core|user|vm)\.|file:\/etc\/sysctl\.d\/60-demesne-kernel|unit:(?:auditd|apparmor|systemd-timesyncd))/,
      ref,
    );
    assert.ok((ownKernel ?? "").length > 20);
  }
});
