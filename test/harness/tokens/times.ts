// The validity of a token (RFC 7519 sections 4.1.4 to 4.1.6), exact to the second; only nbf may be a minute ahead.

import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { claimsJson, mint, second, withMember } from "./minting.ts";

const exp = (value: unknown) => mint({ claims: { exp: value } });
const nbf = (value: unknown) => mint({ claims: { nbf: value } });
const iat = (value: unknown) => mint({ claims: { iat: value } });
/** Numbers that no JSON encoder produces. */
const raw = (claim: string, number: string) =>
  mint({ payload: withMember(claimsJson({ [claim]: undefined }), `"${claim}":${number}`) });

/** Values that are not finite JSON numbers. */
function wrongTypes(claim: string, value: number): Readonly<Record<string, string>> {
  const types = {
    "as a text": String(value),
    "as a date": new Date(value * 1000).toISOString(),
    "as an empty string": "",
    "as null": null,
    "as true": true,
    "as a list": [value],
    "as an object": { seconds: value },
  };
  return {
    ...Object.fromEntries(
      Object.entries(types).map(([how, wrong]) => [`${claim} ${how}`, mint({ claims: { [claim]: wrong } })]),
    ),
    [`${claim} that parses as infinity`]: raw(claim, "1e400"),
    [`${claim} that parses as minus infinity`]: raw(claim, "-1e400"),
  };
}

const ended = group("exp", refused("TOKEN_EXPIRED"), {
  "exp in this second": exp(second),
  "exp one second ago": exp(second - 1),
  "exp a quarter into this second": exp(second + 0.25),
  "exp an hour ago": exp(second - 3600),
  "exp 1": exp(1),
  "exp 0": exp(0),
  "exp below 0": exp(-1),
  "exp as -0": raw("exp", "-0"),
  "exp far below 0": exp(-8.64e12),
  "exp in this second, written with an exponent": raw("exp", `${second}0e-1`),
  "exp in the past and nbf in the future": mint({ claims: { exp: second - 60, nbf: second + 60 } }),
});

const lasting = group("exp", frontend, {
  "exp in the next second": exp(second + 1),
  "exp later in this second": exp(second + 0.75),
  "exp in one and a half seconds": exp(second + 1.5),
  "exp in the next second, written with an exponent": raw("exp", `${second + 1}0e-1`),
  "exp in the next second, written with a fraction": raw("exp", `${second + 1}.000`),
  "exp in milliseconds": exp(second * 1000),
});

const endless = group("exp", rejected, {
  "exp beyond the range of clocks": exp(1e300),
  "exp missing": exp(undefined),
  "exp with its name in upper case": mint({ claims: { exp: undefined, EXP: second + 60 } }),
  ...wrongTypes("exp", second + 60),
});

const early = group("nbf", rejected, {
  "nbf in a minute and a second": nbf(second + 61),
  "nbf in an hour": nbf(second + 3600),
  "nbf in milliseconds": nbf(second * 1000),
  ...wrongTypes("nbf", second - 60),
});

const begun = group("nbf", frontend, {
  "nbf missing": nbf(undefined),
  "nbf in the next second": nbf(second + 1),
  "nbf later in this second": nbf(second + 0.75),
  "nbf in a minute": nbf(second + 60),
  "nbf after exp": mint({ claims: { nbf: second + 60, exp: second + 30 } }),
  "nbf in this second": nbf(second),
  "nbf a quarter into this second": nbf(second + 0.25),
  "nbf one second ago": nbf(second - 1),
  "nbf 0": nbf(0),
  "nbf below 0": nbf(-1),
});

const madeWhenever = group("iat", frontend, {
  "iat missing": iat(undefined),
  "iat in this second": iat(second),
  "iat below 0": iat(-1),
  "iat with a fraction": iat(second - 0.5),
  "iat in the future, which RFC 7519 allows": iat(second + 3600),
});

const madeNever = group("iat", rejected, wrongTypes("iat", second - 60));

export const times: readonly Case[] = [
  ...ended,
  ...lasting,
  ...endless,
  ...early,
  ...begun,
  ...madeWhenever,
  ...madeNever,
];
