import type { SpanFacts, SpanSource, SpanStart, TraceContext, TraceSpan } from "@kasbah/runtime";

/** A span that code under test has begun. */
export interface RecordedSpan {
  readonly name: string;
  readonly start: SpanStart;
  readonly context: TraceContext;
  readonly moments: readonly string[];
  readonly hasEnded: boolean;
  readonly facts: SpanFacts;
  readonly error: string | undefined;
}

/** Keeps every span, and gives each new trace the next id. */
export class RecordedSpans implements SpanSource {
  readonly started: RecordedSpan[] = [];
  /** Of traces that begin here; others follow their parent. */
  isSampled = true;

  /** The names of the spans that have not ended. */
  get open(): readonly string[] {
    return this.started.filter(({ hasEnded }) => !hasEnded).map(({ name }) => name);
  }

  start(name: string, start: SpanStart): TraceSpan {
    const number = this.started.length + 1;
    const { traceId = hex(number, 32), isSampled = this.isSampled } = start.parent ?? {};
    const context = { traceId, spanId: hex(number, 16), isSampled };
    const moments: string[] = [];
    const span = { name, start, context, moments, hasEnded: false, facts: {}, error: undefined };
    this.started.push(span);
    return {
      context,
      note: (moment) => moments.push(moment),
      end(facts = {}, error) {
        if (span.hasEnded) throw new Error(`${name} has ended already`);
        Object.assign(span, { hasEnded: true, facts, error });
      },
    };
  }
}

function hex(number: number, length: number): string {
  return number.toString(16).padStart(length, "0");
}
