// What a host answers, and what doctor makes of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEstate } from "../estate/index.ts";
import { answersIn } from "./host-questions.ts";
import { judgeHost } from "./judge-host.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const harbour = new URL("../../examples/harbour", import.meta.url).pathname;
const { hosts } = await loadEstate(harbour, { signal: AbortSignal.timeout(60_000), clock: { now: () => NOW } });
const host = hosts.find(({ id }) => id === "control") ?? assert.fail("harbour has no control host");
/** A host that is as it should be. */
const well = {
  python: "3.13.5",
  init: "systemd",
  os: "debian-13",
  nft: "nftables v1.1.3 (Commodore Bullmoose #4)",
  docker: "26.1.5+dfsg1",
  dockerfound: "/usr/bin/docker",
  synchronised: "yes",
  time: String(NOW / 1000),
  rootfree: "20971520",
  varfree: "20971520",
  reboot: "",
};

function judge(answers: Partial<Record<keyof typeof well, string>>, roles = host.roles): string[] {
  const text = Object.entries({ ...well, ...answers }).map(([name, value]) => `${name}=${value}\n`);
  return judgeHost(answersIn(text.join("")), { ...host, roles }, NOW)
    .filter(({ level }) => level !== "ok")
    .map(({ level, subject, what, fix }) => {
      assert.ok(fix !== undefined && fix !== "");
      return `${level} ${subject}: ${what}`;
    });
}

test("a host that is as it should be has nothing to mend", () => {
  assert.deepEqual(judge({}), []);
});

describe("each thing that is wrong is told", () => {
  const cases: [string, Parameters<typeof judge>[0], string][] = [
    ["no python", { python: "" }, "error python3: cannot be run: neither the look nor Ansible works without"],
    ["an old python", { python: "3.8.10" }, "error python3: is 3.8.10, and 3.9 is needed"],
    ["no systemd", { init: "sh" }, "error systemd: is not the first process, sh is"],
    ["another system", { os: "debian-12" }, "error system: is debian-12, the estate says debian-13"],
    ["a system that is not supported", { os: "fedora-43" }, "error system: is fedora-43, the estate says debian-13"],
    ["no nft yet", { nft: "" }, "note nft: is not there yet"],
    ["an old nft", { nft: "nftables v1.0.2 (Lester Gooch)" }, "error nft: is 1.0.2, and 1.0.6 is needed"],
    ["no docker yet", { docker: "", dockerfound: "" }, "note docker: is not there yet"],
    ["a docker that hangs", { docker: "" }, "warning docker: is there and does not answer"],
    ["an old docker", { docker: "20.10.24" }, "error docker: is 20.10.24, and 26.1 is needed"],
    [
      "a clock far away",
      { time: String(NOW / 1000 - 3600) },
      "error clock: is 3600 s away from this machine's: plans expire by both",
    ],
    [
      "a clock that follows nobody",
      { synchronised: "no" },
      "warning clock: agrees with this machine's, and follows no time server",
    ],
    ["no clock", { time: "now" }, "warning clock: is not told"],
    ["a full disk", { varfree: "1024" }, "error disk /var/lib: 1 MiB free; packages and images need 2048"],
    ["a disk that is not told", { rootfree: "" }, "warning disk /: its free space is not told"],
    [
      "a reboot that waits",
      { reboot: "yes" },
      "warning reboot: an update waits for one: the running kernel or a library is older than the disk's",
    ],
  ];
  for (const [name, answers, told] of cases) test(name, () => assert.deepEqual(judge(answers), [told]));

  test("docker is not asked for where no role needs it", () => {
    assert.deepEqual(judge({ docker: "20.10.24" }, ["common", "firewall"]), []);
  });

  test("what did not answer at all is not taken for well", () => {
    const found = judgeHost(answersIn(""), host, NOW);
    assert.deepEqual(
      found.filter(({ level }) => level === "ok"),
      [],
    );
  });
});
