export type { ResolveAll } from "./resolve.ts";
export { serverNameOf, sniOf } from "./server-name.ts";
export { attemptOf } from "./tls-attempt.ts";
export { TlsDial } from "./tls-dial.ts";
