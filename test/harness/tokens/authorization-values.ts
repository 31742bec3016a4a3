// What stands around the token in the header `authorization`.

import { acceptedAs, type Case, frontend, presented, refused, rejected } from "./case.ts";
import { mint } from "./minting.ts";

const token = mint();
const others = mint({ claims: { sub: "system:serviceaccount:prod:bank" } });
const bearer = `Bearer ${token}`;

const missing = presented(refused("TOKEN_MISSING"), {
  "no value": [],
  "an empty value": [""],
  "a blank": [" "],
  "the scheme alone": ["Bearer"],
  "the token alone": [token],
  "the scheme in lower case": [`bearer ${token}`],
  "the scheme in capitals": [`BEARER ${token}`],
  "no space behind the scheme": [`Bearer${token}`],
  "a tab behind the scheme": [`Bearer\t${token}`],
  "a no-break space behind the scheme": [`Bearer\u00a0${token}`],
  "a colon behind the scheme": [`Bearer: ${token}`],
  "a space before the scheme": [` ${bearer}`],
  "a byte order mark before the scheme": [`\ufeff${bearer}`],
  "a quote before the scheme": [`"${bearer}"`],
  "the scheme Basic": ["Basic Zm9vOmJhcg=="],
  "the scheme Basic with a good token": [`Basic ${token}`],
  "the scheme of another mesh": [`Istio ${token}`],
  "a scheme that ends as ours": [`XBearer ${token}`],
  "the scheme behind another in one value": [`Basic Zm9vOmJhcg==, ${bearer}`],
  "the scheme in a letter of another script": [`\u0412earer ${token}`],
});

const malformed = presented(rejected, {
  "two spaces behind the scheme": [`Bearer  ${token}`],
  "a space and a tab behind the scheme": [`Bearer \t${token}`],
  "a space behind the token": [`${bearer} `],
  "a line end behind the token": [`${bearer}\n`],
  "NUL behind the token": [`${bearer}\u0000`],
  "a comma behind the token": [`${bearer},`],
  "a comma within the token": [`Bearer ${token.slice(0, 20)},${token.slice(20)}`],
  "two tokens joined with a comma": [`${bearer}, ${bearer}`],
  "two tokens joined with a comma, without the second scheme": [`${bearer},${token}`],
  "two tokens with a space between": [`${bearer} ${token}`],
  "a parameter behind the token": [`${bearer}; realm="mesh"`],
  "the scheme twice": [`Bearer ${bearer}`],
  "the token as a parameter": [`Bearer token="${token}"`],
  "a bad token before a good one": ["Bearer a.b.c", bearer],
});

const emptyToken = presented(refused("TOKEN_MISSING", "TOKEN_REJECTED"), {
  "the scheme and a space": ["Bearer "],
  "the scheme and two spaces": ["Bearer  "],
});

const good = presented(frontend, {
  "one value": [bearer],
  "another scheme before": ["Basic Zm9vOmJhcg==", bearer],
  "an empty value before": ["", bearer],
  "the scheme in lower case before": [`bearer ${others}`, bearer],
  "another token behind": [bearer, `Bearer ${others}`],
  "the same token twice": [bearer, bearer],
  "a hundred values of other schemes before": [...Array.from({ length: 100 }, () => "Basic eDp5"), bearer],
});

const first = presented(acceptedAs("prod", "bank"), {
  "another's token first, which is then whose call it is": [`Bearer ${others}`, bearer],
});

export const authorizationValues: readonly Case[] = [
  ...missing,
  ...malformed,
  ...emptyToken,
  ...good,
  ...first,
];
