import { anyRootHeader, shownRootsHeader } from "@kasbah/protocol";
import { traceparentHeader } from "@kasbah/runtime";

/** The request headers that a decision or its trace depends on, in the order in which a worker sends them. */
export const forwardedHeaders = [
  "authorization",
  "user-agent",
  shownRootsHeader,
  anyRootHeader,
  traceparentHeader,
] as const;
