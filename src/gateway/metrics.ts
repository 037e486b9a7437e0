// What the gateway counts, in Prometheus' text form. Labels are aliases and outcomes: never a key, a person or content.
import type { Facts, Outcome } from "./till.ts";

const BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What is read when the metrics are, not counted along. */
export type Gauges = {
  readonly inFlight: number;
  readonly bodyBytes: number;
  readonly auditWaiting: number;
};

type Series = {
  readonly help: string;
  readonly labels: readonly string[];
  /** By the labels' values, as JSON. Made into Prometheus' text only when somebody asks: requests come far more often. */
  readonly values: Map<string, number>;
};

export class Metrics {
  readonly #series: Record<string, Series> = {
    demesne_gateway_requests_total: counter("Requests that were sent on, by route and outcome", "model", "outcome"),
    demesne_gateway_refused_total: counter("Answers that were refusals, by kind", "kind"),
    demesne_gateway_tokens_total: counter("Tokens, by route and direction", "model", "direction"),
    demesne_gateway_spend_micro_usd_total: counter("Micro-USD charged, by route", "model"),
    demesne_gateway_findings_total: counter("Pieces of personal data taken out, by route and kind", "model", "kind"),
    demesne_gateway_audit_lost_total: counter("Refusals that could not be written to the audit"),
  };
  readonly #durations = Array.from(BUCKETS_S, () => 0);
  #durationSum = 0;
  #durationCount = 0;

  answered({ route, startedAt, findings }: Facts, { outcome, usage }: Outcome, microUsd: number, now: number): void {
    const model = route.alias;
    this.#add("demesne_gateway_requests_total", [model, outcome], 1);
    this.#add("demesne_gateway_spend_micro_usd_total", [model], microUsd);
    for (const [kind, count] of Object.entries(findings)) {
      this.#add("demesne_gateway_findings_total", [model, kind], count);
    }
    if (usage !== undefined) {
      const input = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
      this.#add("demesne_gateway_tokens_total", [model, "input"], input);
      this.#add("demesne_gateway_tokens_total", [model, "output"], usage.output);
    }
    const seconds = Math.max(0, now - startedAt) / 1000;
    this.#durationSum += seconds;
    this.#durationCount += 1;
    const bucket = BUCKETS_S.findIndex((most) => seconds <= most);
    if (bucket !== -1) this.#durations[bucket] = (this.#durations[bucket] ?? 0) + 1;
  }

  refused(kind: string): void {
    this.#add("demesne_gateway_refused_total", [kind], 1);
  }

  auditLost(): void {
    this.#add("demesne_gateway_audit_lost_total", [], 1);
  }

  print(gauges: Gauges): string {
    const counters = Object.entries(this.#series).flatMap(([name, { help, labels, values }]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...[...values].map(([key, value]) => `${name}${printLabels(labels, key)} ${value}`),
    ]);
    return `${[...counters, ...this.#histogram(), ...printGauges(gauges)].join("\n")}\n`;
  }

  #add(name: string, of: readonly string[], amount: number): void {
    const key = JSON.stringify(of);
    const values = this.#series[name]?.values;
    values?.set(key, (values.get(key) ?? 0) + amount);
  }

  #histogram(): string[] {
    const name = "demesne_gateway_request_seconds";
    let sum = 0;
    const buckets = BUCKETS_S.map((most, index) => {
      sum += this.#durations[index] ?? 0;
      return `${name}_bucket{le="${most}"} ${sum}`;
    });
    return [
      `# HELP ${name} Time from the decision to the last byte`,
      `# TYPE ${name} histogram`,
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#durationCount}`,
      `${name}_sum ${this.#durationSum}`,
      `${name}_count ${this.#durationCount}`,
    ];
  }
}

function counter(help: string, ...labels: readonly string[]): Series {
  return { help, labels, values: new Map() };
}

function printGauges(gauges: Gauges): string[] {
  const named = {
    demesne_gateway_in_flight: ["Requests under way", gauges.inFlight],
    demesne_gateway_body_bytes: ["Bytes of request bodies held", gauges.bodyBytes],
    demesne_gateway_audit_waiting: ["Audit records on their way to the ledger", gauges.auditWaiting],
  };
  return Object.entries(named).flatMap(([name, [help, value]]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    `${name} ${value}`,
  ]);
}

function printLabels(names: readonly string[], key: string): string {
  const values: unknown = JSON.parse(key);
  if (names.length === 0 || !Array.isArray(values)) return "";
  return `{${names.map((name, index) => `${name}=${JSON.stringify(values[index])}`).join(",")}}`;
}
