// One OpenTelemetry span a request, by the GenAI conventions, to a collector that the operator names. Who, which model, how
// long, how many tokens, how it ended; never content. This file is loaded only when a collector is configured.
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { Log } from "./log.ts";
import type { Facts, Outcome } from "./till.ts";

const EXPORT_MS = 5000;

export type Traces = {
  answered(facts: Facts, outcome: Outcome, microUsd: number, now: number): void;
  /** Sends what waits, and gives up after a moment. */
  close(): Promise<void>;
};

export function startTraces(url: string, log: Log): Traces {
  const exporter = telling(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS }), log);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "demesne-gateway" }),
    // A client's own trace is joined, but whether it is recorded is not for the client to say.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_MS })],
  });
  const tracer = provider.getTracer("demesne-gateway");
  return {
    answered: (facts, outcome, microUsd, now) => {
      const span = tracer.startSpan(
        `${OPERATION[facts.operation] ?? facts.operation} ${facts.route.alias}`,
        { kind: SpanKind.CLIENT, startTime: facts.startedAt, attributes: attributesOf(facts, outcome, microUsd) },
        parentOf(facts.traceparent),
      );
      if (outcome.outcome !== "answered") span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(now);
    },
    close: async () => await provider.shutdown().catch(() => {}),
  };
}

/** The conventions' words. */
const OPERATION: Readonly<Record<string, string>> = { messages: "chat", chat: "chat", embeddings: "embeddings" };

function attributesOf(facts: Facts, { outcome, status, usage }: Outcome, microUsd: number): Attributes {
  const { key, route, operation } = facts;
  return {
    "gen_ai.operation.name": OPERATION[operation] ?? operation,
    "gen_ai.provider.name": route.dialect,
    "gen_ai.request.model": route.alias,
    "gen_ai.request.stream": facts.isStream,
    "gen_ai.response.model": route.model,
    "server.address": route.host,
    "http.response.status_code": status === 0 ? undefined : status,
    "error.type": outcome === "answered" ? undefined : outcome,
    ...(usage === undefined
      ? {}
      : {
          "gen_ai.usage.input_tokens": usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h,
          "gen_ai.usage.output_tokens": usage.output,
          "gen_ai.usage.cache_read.input_tokens": usage.cacheRead,
          "gen_ai.usage.cache_creation.input_tokens": usage.cacheWrite5m + usage.cacheWrite1h,
        }),
    "demesne.request": facts.requestId,
    "demesne.key": key.id,
    "demesne.residency": route.residency,
    "demesne.micro_usd": microUsd,
  };
}

/** W3C Trace Context. What is not exactly that is left out: it comes from the client. */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

/** Says in the log when spans could not be delivered; the requests that they tell of are not held up. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) log({ event: "traces-lost", spans: spans.length });
        done(result);
      }),
    shutdown: async () => await exporter.shutdown(),
  };
}
