export { CertsDevError, type CertsDevErrorCode } from "./errors.ts";
export type { TokenRequest } from "./token-claims.ts";
export { createTokenIssuer, DevTokenIssuer, loadTokenIssuer } from "./token-issuer.ts";
