// What a workload's agent exchanges: without the operator's messages, which would be half of its bundle.
export * from "./certificate-service.ts";
export type { Codec, Method } from "./codec.ts";
export * from "./delta-secrets.ts";
export * from "./rpc-status.ts";
export { type SdsSecret, secretTypeUrl } from "./secret.ts";
export * from "./secret-discovery.ts";
export { encodeShownRoots, ShownRoots, shownRootsHeader } from "./shown-roots.ts";
export * from "./workload-api.ts";
