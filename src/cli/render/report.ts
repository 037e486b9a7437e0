// A rehearsal's report as a person reads it: how each twin differs, what could not be tried, each check, the verdict last.
import type { HostReport, Report } from "../rehearsal/report.ts";
import type { painter } from "./paint.ts";
import { list, table, wrap } from "./text.ts";

type Paint = ReturnType<typeof painter>;
type Check = HostReport["verify"][number];

const EVIDENCE_LINES = 5;

export function renderReport(report: Report, paint: Paint): string {
  const { ansibleCore, node, python } = report.versions;
  const spent = report.durations.map(({ step, seconds }) => [step, `${seconds.toFixed(1)} s`]);
  return [
    ...report.hosts.flatMap((host) => renderHost(host, paint)),
    paint("bold", "Time"),
    ...table(spent, [false, true]).map((line) => paint("dim", line)),
    paint("dim", `  with ansible-core ${ansibleCore} on Python ${python}, Node ${node}`),
    "",
    ...verdicts(report, paint),
    "",
  ].join("\n");
}

function renderHost(host: HostReport, paint: Paint): string[] {
  const differences = host.overlay.map(({ what, real, twin }) => [what, `${real} -> ${twin}`]);
  return [
    "",
    paint("bold", `The twin of ${host.host}`) + `: ${host.os}, Python ${host.python}. Other than on the real host:`,
    ...table(differences).map((line) => paint("dim", line)),
    "",
    ...notRehearsed(host, paint),
    ...[...Map.groupBy(host.verify, (each) => each.from)].flatMap(([from, checks]) => [
      paint("bold", `Checked from ${from}`),
      ...checks.flatMap((each) => renderCheck(each, paint)),
      "",
    ]),
  ];
}

/** Resources with the same reason stand together. */
function notRehearsed(host: HostReport, paint: Paint): string[] {
  const reasons = Map.groupBy(host.notRehearsed, (each) => each.reason);
  const resources = [...reasons].flatMap(([reason, all]) => [
    ...list(`${all.length} resource${all.length === 1 ? "" : "s"}: ${reason}`),
    ...wrap(all.map((each) => each.ref).join(", "), "      ").map((line) => paint("dim", line)),
  ]);
  const services = host.skippedServices.flatMap(({ service, reason }) => list(`service ${service}: ${reason}`));
  const lines = [...resources, ...services];
  return lines.length === 0 ? [] : [paint("bold", "Not rehearsed here"), ...lines, ""];
}

function renderCheck({ result, name, detail, evidence }: Check, paint: Paint): string[] {
  const [first = "", ...rest] = wrap(`${name}: ${detail}`, "          ");
  const seen = result === "fail" ? evidence.slice(0, EVIDENCE_LINES) : [];
  return [
    `  ${mark(result, paint)} ${first.trimStart()}`,
    ...rest,
    ...seen.flatMap((line) => wrap(line, "            ")).map((line) => paint("dim", line)),
  ];
}

function mark(result: Check["result"], paint: Paint): string {
  if (result === "pass") return paint("green", "pass   ");
  return result === "fail" ? paint("red", "FAIL   ") : paint("yellow", "skipped");
}

function verdicts(report: Report, paint: Paint): string[] {
  const head = ["", "planned", "applied", "left", "not rehearsed", "checks passed", "failed", "skipped"];
  const rows = report.hosts.map((host) => {
    const count = (result: Check["result"]): number => host.verify.filter((each) => each.result === result).length;
    const numbers = [host.planned, host.applied, host.left, host.notRehearsed.length];
    return [host.host, ...[...numbers, count("pass"), count("fail"), count("skipped")].map(String)];
  });
  const [titles = "", ...lines] = table([head, ...rows], [false, ...head.slice(1).map(() => true)]);
  const seconds = report.durations.reduce((sum, each) => sum + each.seconds, 0);
  const dormant = report.dormant.map((id) => `  ${id} is dormant and was not rehearsed`);
  const verdict = `verdict: ${report.verdict}`;
  return [
    paint("dim", titles),
    ...lines,
    ...dormant,
    "",
    `${paint("bold", paint(report.verdict === "pass" ? "green" : "red", verdict))} after ${seconds.toFixed(0)} s`,
  ];
}
