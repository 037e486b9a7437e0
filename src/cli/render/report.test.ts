// A rehearsal's report as text, whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../rehearsal/report.ts";
import { painter } from "./paint.ts";
import { renderReport } from "./report.ts";

const report: Report = {
  format: 1,
  verdict: "fail",
  estate: "harbour",
  profile: "cloud",
  hosts: [
    {
      host: "control",
      planned: 104,
      applied: 104,
      left: 0,
      steps: 14,
      notRehearsed: [
        { ref: "sysctl:kernel.sysrq", reason: "belongs to the machine's kernel" },
        { ref: "unit:auditd.service", reason: "belongs to the machine's kernel" },
        { ref: "unit:systemd-timesyncd.service", reason: "a twin cannot set the clock" },
      ],
      skippedServices: [{ service: "chat", reason: "its image cannot be had here" }],
      overlay: [{ what: "address", real: "192.0.2.10", twin: "198.18.6.2" }],
      verify: [
        {
          name: "tcp over ipv4",
          from: "this machine",
          result: "fail",
          counts: {},
          detail: "1 port is open that the estate does not open",
          evidence: ["open: 22, 8080"],
        },
        {
          name: "udp over ipv4",
          from: "this machine",
          result: "pass",
          counts: {},
          detail: "54 closed",
          evidence: ["x"],
        },
        {
          name: "sshd refuses passwords",
          from: "neighbour",
          result: "skipped",
          counts: {},
          detail: "not open to it",
          evidence: [],
        },
      ],
      os: "Debian GNU/Linux 13 (trixie)",
      python: "3.13.5",
    },
  ],
  dormant: ["gpu"],
  durations: [
    { step: "plan", seconds: 1.44 },
    { step: "apply", seconds: 38.2 },
  ],
  versions: { demesne: "0.1.0", node: "v26.10.0", ansibleCore: "2.19.14", python: "3.11.7" },
};

test("everything is said, evidence only where a check failed, and the verdict last", () => {
  assert.equal(
    renderReport(report, painter(false)),
    `
The twin of control: Debian GNU/Linux 13 (trixie), Python 3.13.5. Other than on the real host:
  address  192.0.2.10 -> 198.18.6.2

Not rehearsed here
  - 2 resources: belongs to the machine's kernel
      sysctl:kernel.sysrq, unit:auditd.service
  - 1 resource: a twin cannot set the clock
      unit:systemd-timesyncd.service
  - service chat: its image cannot be had here

Checked from this machine
  FAIL    tcp over ipv4: 1 port is open that the estate does not open
            open: 22, 8080
  pass    udp over ipv4: 54 closed

Checked from neighbour
  skipped sshd refuses passwords: not open to it

Time
  plan    1.4 s
  apply  38.2 s
  with ansible-core 2.19.14 on Python 3.11.7, Node v26.10.0

           planned  applied  left  not rehearsed  checks passed  failed  skipped
  control      104      104     0              3              1       1        1
  gpu is dormant and was not rehearsed

verdict: fail after 40 s
`,
  );
});
