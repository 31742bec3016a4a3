export { CertsDevError, type CertsDevErrorCode } from "./errors.ts";
export type { TokenRequest } from "./token-claims.ts";
export { createTokenIssuer, loadTokenIssuer, TokenIssuer } from "./token-issuer.ts";
