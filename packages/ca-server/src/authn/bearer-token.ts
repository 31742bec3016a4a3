import { CaError } from "../errors.ts";
import type { Credentials } from "../issuance/ports.ts";

/** Compared case-sensitively, with one space, as stock CAs do. */
const prefix = "Bearer ";
const maxTokenBytes = 16 * 1024;

/**
 * The first `Bearer` token of a call; further authorization values are not looked at. Only its outer shape is checked:
 * a JWE has five parts, and is refused before anything of it is decoded (decompression bombs).
 *
 * @throws CaError `TOKEN_MISSING`, `TOKEN_REJECTED`.
 */
export function readBearerToken({ authorization }: Credentials): string {
  const value = authorization.find((candidate) => candidate.startsWith(prefix));
  if (value === undefined) {
    throw new CaError(
      "TOKEN_MISSING",
      "the call carries no token: send the header authorization: Bearer <token>",
    );
  }
  const token = value.slice(prefix.length);
  if (token.length > maxTokenBytes) throw rejected("it is longer than 16 KiB");
  if (!hasThreeParts(token)) throw rejected("it is not a JWT of three parts (RFC 7515 section 7.1)");
  return token;
}

function hasThreeParts(token: string): boolean {
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  return first > 0 && second > first + 1 && second < token.length - 1 && !token.includes(".", second + 1);
}

function rejected(reason: string): CaError {
  return new CaError("TOKEN_REJECTED", `the token was refused: ${reason}; send a service account token`);
}
