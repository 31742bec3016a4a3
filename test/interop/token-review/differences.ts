/** Tokens of one class that one verifier accepts and the other rejects. */
export interface Difference {
  readonly why: string;
  readonly class: string;
  readonly names: readonly string[];
}

const forgivenParts = ["header", "payload", "signature"];

/**
 * Tokens that go-jose accepts but our parser rejects, before the CA selects a verifier. A caller gets the
 * same refusal, no matter which of the two verifiers the CA is configured with.
 */
export const stoppedBefore: readonly Difference[] = [
  {
    why: "RFC 7515 lets a verifier ignore keys in the header; our issuers never write any",
    class: "embedded and remote keys",
    names: [
      "jwk with the issuer's own key, signed by the issuer",
      "jwk with the attacker's key, signed by the issuer",
      "jku, signed by the issuer",
      "x5u, signed by the issuer",
    ],
  },
  { why: "Go's decoder treats null like a missing member", class: "kid", names: ["kid null"] },
  {
    why: "go-jose supports b64, and only checks that it supports every name in crit",
    class: "crit and b64",
    names: [
      "crit with a missing member",
      "crit that is empty",
      "crit null",
      "crit with b64 set to true",
      "b64 as a string",
    ],
  },
  {
    why: "RFC 7515 gives enc no meaning in a JWS",
    class: "encrypted",
    names: ["enc together with a signature"],
  },
  {
    why: "RFC 7515 gives zip no meaning in a JWS",
    class: "zip",
    names: ["zip with uncompressed claims"],
  },
  {
    why: "Go's base64 decoder ignores line endings and trailing bits, and go-jose verifies the signature over its own re-encoding",
    class: "base64url, rewritten after signing",
    names: forgivenParts.flatMap((part) => [
      `${part} with a line feed inside`,
      `${part} with a carriage return inside`,
      `${part} with a trailing line feed`,
      `${part} with non-zero trailing bits`,
    ]),
  },
  {
    why: "Go's decoder replaces invalid UTF-8 with U+FFFD",
    class: "text of the payload",
    names: [
      "with an invalid lead octet",
      "with a stray continuation octet",
      "with an overlong slash",
      "with a lone surrogate in three octets",
      "with a truncated character",
      "with a code point above U+10FFFF",
    ],
  },
  {
    why: "Go's decoder replaces invalid UTF-8 with U+FFFD, and go-jose does not limit the depth",
    class: "text of the header",
    names: ["header with an invalid lead octet", "header nested three thousand deep"],
  },
  {
    why: "go-jose does not limit the depth",
    class: "grammar of the payload",
    names: ["nested five thousand deep"],
  },
  {
    why: "the limit of 16 KiB exists only in kasbah",
    class: "sizes",
    names: [
      "one character more than 16 KiB",
      "two characters more than 16 KiB",
      "64 KiB",
      "a megabyte",
      "a megabyte of header",
    ],
  },
];

/** The differences between the two verifiers themselves. */
export const knownDifferences: readonly Difference[] = [
  {
    why: "go-jose does not support the algorithm name of RFC 9864",
    class: "genuine algorithms",
    names: ["Ed25519 as named by RFC 9864"],
  },
  {
    why: "the API server tries every key for a token without kid; kasbah rejects the token if several keys could have signed it",
    class: "kid",
    names: ["kid that is empty", "no kid although two keys could have signed"],
  },
  {
    why: "go-jose truncates fractions of a second",
    class: "exp",
    names: ["exp later in this second"],
  },
  {
    why: "kasbah allows a minute before nbf, as the API server does; this program asks go-jose for no leeway",
    class: "nbf",
    names: ["nbf in the next second", "nbf in a minute", "nbf after exp"],
  },
  {
    why: "go-jose rejects a future iat, which RFC 7519 allows; the API server never issues such a token",
    class: "iat",
    names: ["iat in the future, which RFC 7519 allows"],
  },
];

export function namesOf(differences: readonly Difference[]): readonly string[] {
  return differences
    .flatMap(({ class: className, names }) => names.map((name) => `${className}: ${name}`))
    .sort();
}
