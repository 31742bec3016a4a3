export * from "../rpc/index.ts";
export * from "./channel.ts";
export * from "./server.ts";
export type { ServingIdentity } from "./serving-credentials.ts";
