/** Names a span to its children, in this process or another one (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the trace is exported. */
  readonly isSampled: boolean;
}

export type SpanFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that has begun. No method throws or waits. */
export interface TraceSpan {
  readonly context: TraceContext;
  /** Marks a moment within the span. */
  note(moment: string): void;
  /** Ends the span; with `error`, a code, as failed. Facts that are undefined are left out. */
  end(facts?: SpanFacts, error?: string): void;
}

export interface SpanStart {
  readonly kind: "server" | "client" | "internal";
  /** Undefined for the first span of a trace. */
  readonly parent: TraceContext | undefined;
  readonly facts?: SpanFacts;
}

/** Begins spans. */
export interface SpanSource {
  start(name: string, start: SpanStart): TraceSpan;
}
