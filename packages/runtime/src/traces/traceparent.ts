import type { TraceContext } from "./span.ts";

/** A header of gRPC and HTTP. */
export const traceparentHeader = "traceparent";

/** Version 00 has exactly these fields. A later version may append fields after another hyphen. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const longest = 256;
const sampled = 1;

/**
 * The span of the caller that a `traceparent` header names. An invalid header, and one that occurs twice, counts as
 * missing (W3C Trace Context, section 4.3): the values come from callers that are not authenticated yet.
 */
export function parseTraceparent(values: readonly string[]): TraceContext | undefined {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0 || value.length > longest) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = form.exec(value) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & sampled) === sampled };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}
