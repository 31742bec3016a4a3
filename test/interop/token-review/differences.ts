/** Tokens of one class that one judge takes and the other does not. */
export interface Difference {
  readonly why: string;
  readonly class: string;
  readonly names: readonly string[];
}

const forgivenParts = ["header", "payload", "signature"];

/**
 * What go-jose takes and we refuse while we read a token, before it is known who will judge it. A caller meets the same
 * refusal, whichever of the two judges the CA is set up with.
 */
export const stoppedBefore: readonly Difference[] = [
  {
    why: "RFC 7515 lets a verifier pass over keys that a header brings; no issuer of ours writes any",
    class: "embedded and remote keys",
    names: [
      "jwk with the issuer's own key, by the issuer",
      "jwk with the forger's key, by the issuer",
      "jku, by the issuer",
      "x5u, by the issuer",
    ],
  },
  { why: "Go's decoder takes null for a member that is not there", class: "kid", names: ["kid null"] },
  {
    why: "go-jose knows b64, and checks of crit only that it knows what is in it",
    class: "crit and b64",
    names: [
      "crit with a member that is not there",
      "crit that is empty",
      "crit null",
      "crit with b64, which is true",
      "b64 that is a text",
    ],
  },
  { why: "RFC 7515 gives enc no meaning in a JWS", class: "encrypted", names: ["enc beside a signature"] },
  {
    why: "RFC 7515 gives zip no meaning in a JWS",
    class: "zip",
    names: ["zip over claims that are not zipped"],
  },
  {
    why: "Go's base64 passes over line ends and loose bits, and go-jose checks the signature over its own spelling",
    class: "base64url, respelled",
    names: forgivenParts.flatMap((part) => [
      `${part} with a line end in it`,
      `${part} with a carriage return in it`,
      `${part} with a line end behind`,
      `${part} with loose bits`,
    ]),
  },
  {
    why: "Go's decoder puts U+FFFD for what is not UTF-8",
    class: "text of the payload",
    names: [
      "with an octet that begins nothing",
      "with an octet that continues nothing",
      "with an overlong slash",
      "with half of a pair in three octets",
      "with a letter cut off",
      "with a letter beyond the last one",
    ],
  },
  {
    why: "the same, and no bound of depth",
    class: "text of the header",
    names: ["header with an octet that begins nothing", "header nested three thousand deep"],
  },
  {
    why: "go-jose bounds no depth",
    class: "grammar of the payload",
    names: ["nested five thousand deep"],
  },
  {
    why: "the limit of 16 KiB is our own",
    class: "sizes",
    names: [
      "a character more than 16 KiB",
      "two characters more than 16 KiB",
      "64 KiB",
      "a megabyte",
      "a megabyte of header",
    ],
  },
];

/** Where the two judges themselves differ. */
export const knownDifferences: readonly Difference[] = [
  {
    why: "go-jose does not know the name that RFC 9864 gave the algorithm",
    class: "genuine algorithms",
    names: ["Ed25519 by its own name"],
  },
  {
    why: "the API server tries every key for a token that names none; we take none where several could have signed",
    class: "kid",
    names: ["kid that is empty", "no kid, where two keys could have signed"],
  },
  {
    why: "go-jose cuts fractions of a second off",
    class: "exp",
    names: ["exp later in this second"],
  },
  {
    why: "go-jose cuts fractions of a second off",
    class: "nbf",
    names: ["nbf later in this second"],
  },
  {
    why: "go-jose refuses what RFC 7519 lets be: no token of the API server's own is made in its future",
    class: "iat",
    names: ["iat in the future, which RFC 7519 does not forbid"],
  },
];

export function namesOf(differences: readonly Difference[]): readonly string[] {
  return differences
    .flatMap(({ class: className, names }) => names.map((name) => `${className}: ${name}`))
    .sort();
}
