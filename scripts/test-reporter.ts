// node:test's spec reporter, with its closing lines last: of itself it prints failed tests once more below them.
import { Readable } from "node:stream";
import { spec, type TestEvent } from "node:test/reporters";

const counts = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const closing: TestEvent[] = [];
  yield* inSpec(withoutCounts(events, closing));
  yield* inSpec(closing);
}

/** Passes events on, and keeps those that are the whole run's counts. */
async function* withoutCounts(events: AsyncIterable<TestEvent>, kept: TestEvent[]): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    if (event.type === "test:diagnostic" && event.data.nesting === 0 && counts.test(event.data.message)) {
      kept.push(event);
    } else yield event;
  }
}

async function* inSpec(events: AsyncIterable<TestEvent> | Iterable<TestEvent>): AsyncGenerator<string> {
  for await (const text of Readable.from(events).pipe(new spec())) yield String(text);
}
