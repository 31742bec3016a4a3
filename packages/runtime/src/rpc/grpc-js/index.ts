export * from "./server.ts";
export type { ServingIdentity } from "./serving-credentials.ts";
