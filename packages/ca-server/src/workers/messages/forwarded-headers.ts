import { anyRootHeader, shownRootsHeader } from "@kasbah/protocol";

/** The request headers that a decision depends on, in the order in which a worker sends them. */
export const forwardedHeaders = ["authorization", "user-agent", shownRootsHeader, anyRootHeader] as const;
