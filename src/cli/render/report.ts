// A rehearsal's report as a person reads it: what was done, how the twin differs, what could not be tried, the verdict last.
import type { HostReport, Report } from "../rehearsal/report.ts";
import type { painter } from "./paint.ts";

type Paint = ReturnType<typeof painter>;

export function renderReport(report: Report, paint: Paint): string {
  const { ansibleCore, node, python } = report.versions;
  const total = report.durations.reduce((sum, each) => sum + each.seconds, 0);
  return [
    ...report.hosts.flatMap((host) => renderHost(host, paint)),
    ...(report.dormant.length === 0 ? [] : [`dormant, not rehearsed: ${report.dormant.join(", ")}`, ""]),
    ...table(report.durations.map(({ step, seconds }) => [step, `${seconds.toFixed(1)} s`])),
    "",
    paint("dim", `ansible-core ${ansibleCore} on Python ${python}, Node ${node}`),
    verdict(report, total, paint),
    "",
  ].join("\n");
}

function renderHost(host: HostReport, paint: Paint): string[] {
  return [
    "",
    paint("bold", `The twin of ${host.host}`) +
      paint("dim", `  ${host.os}, Python ${host.python}. It differs from the real host in:`),
    ...table(host.overlay.map(({ what, real, twin }) => [what, `${real} -> ${twin}`])).map((line) =>
      paint("dim", line),
    ),
    "",
    ...list("not rehearsed here, since a twin cannot have it", grouped(host), paint),
    ...list(
      "services left out",
      host.skippedServices.map(({ service, reason }) => `${service}: ${reason}`),
      paint,
    ),
    paint("bold", "Checks"),
    ...host.verify.map((each) => `  ${mark(each.result, paint)} ${each.name}\n         ${paint("dim", each.detail)}`),
    "",
    paint("bold", "Result"),
    ...table([
      ["planned", String(host.planned)],
      ["applied", String(host.applied)],
      ["left", String(host.left)],
      ["checks failed", String(host.verify.filter((each) => each.result === "fail").length)],
    ]),
    "",
  ];
}

/** Resources with the same reason stand on one line. */
function grouped(host: HostReport): string[] {
  const reasons = Map.groupBy(host.notRehearsed, (each) => each.reason);
  return [...reasons].map(([reason, all]) => `${all.length} (${reason}): ${all.map((each) => each.ref).join(", ")}`);
}

function list(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0
    ? []
    : [paint("bold", title[0]?.toUpperCase() + title.slice(1)), ...lines.map((line) => `  ${line}`), ""];
}

function mark(result: "pass" | "fail" | "skipped", paint: Paint): string {
  if (result === "pass") return paint("green", "pass   ");
  return result === "fail" ? paint("red", "FAIL   ") : paint("yellow", "skipped");
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

function verdict(report: Report, seconds: number, paint: Paint): string {
  const text = `verdict: ${report.verdict} in ${seconds.toFixed(0)} s`;
  return paint("bold", paint(report.verdict === "pass" ? "green" : "red", text));
}
