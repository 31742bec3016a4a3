export * from "./admission-admin.ts";
export * from "./authority-admin.ts";
export * from "./certificate-service.ts";
export type { Codec, Method } from "./codec.ts";
export * from "./delta-secrets.ts";
export * from "./health.ts";
export * from "./rpc-status.ts";
export { type Secret, secretTypeUrl } from "./secret.ts";
export * from "./secret-discovery.ts";
