import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Clock } from "../../clock.ts";
import type { SpanFacts, SpanSource, SpanStart, TraceContext, TraceSpan } from "../span.ts";

const kinds: Readonly<Record<SpanStart["kind"], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
};

/** Begins the spans of a tracer. Parents are passed explicitly, so no context follows promises. */
export function spanSource(tracer: Tracer, clock: SpanClock): SpanSource {
  // Spans that descend from one another share a base, so that steps never overlap, even if the wall clock is set.
  const bases = new WeakMap<TraceContext, TimeBase>();
  return {
    start(name, { kind, parent, facts }) {
      const context =
        parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
      const base = (parent && bases.get(parent)) ?? new TimeBase(clock);
      const options = { kind: kinds[kind], attributes: { ...facts }, startTime: base.nowMs() };
      const span = new SdkSpan(tracer.startSpan(name, options, context), base);
      bases.set(span.context, base);
      return span;
    },
  };
}

type SpanClock = Pick<Clock, "now" | "monotonicMs">;

/** Milliseconds since the epoch, which only increase and have fractions. */
class TimeBase {
  readonly #clock: SpanClock;
  readonly #offsetMs: number;

  constructor(clock: SpanClock) {
    this.#clock = clock;
    this.#offsetMs = clock.now().getTime() - clock.monotonicMs();
  }

  nowMs(): number {
    return this.#offsetMs + this.#clock.monotonicMs();
  }
}

/** Every parent counts as remote: the sampler treats both kinds in the same way. */
function remote({ traceId, spanId, isSampled }: TraceContext) {
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

class SdkSpan implements TraceSpan {
  readonly #span: Span;
  readonly #base: TimeBase;
  readonly context: TraceContext;

  constructor(span: Span, base: TimeBase) {
    this.#base = base;
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.#span = span;
    this.context = { traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
  }

  note(moment: string): void {
    this.#span.addEvent(moment, this.#base.nowMs());
  }

  end(facts: SpanFacts = {}, error?: string): void {
    this.#span.setAttributes(facts as Attributes);
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    }
    this.#span.end(this.#base.nowMs());
  }
}
