// Text around the token in the `authorization` header.

import { acceptedAs, type Case, frontend, presented, refused, rejected } from "./case.ts";
import { mint } from "./minting.ts";

const token = mint();
const others = mint({ claims: { sub: "system:serviceaccount:prod:bank" } });
const bearer = `Bearer ${token}`;

const missing = presented(refused("TOKEN_MISSING"), {
  "no value": [],
  "an empty value": [""],
  "a space": [" "],
  "only the scheme": ["Bearer"],
  "only the token": [token],
  "the scheme in lower case": [`bearer ${token}`],
  "the scheme in upper case": [`BEARER ${token}`],
  "no space after the scheme": [`Bearer${token}`],
  "a tab after the scheme": [`Bearer\t${token}`],
  "a no-break space after the scheme": [`Bearer\u00a0${token}`],
  "a colon after the scheme": [`Bearer: ${token}`],
  "a space before the scheme": [` ${bearer}`],
  "a byte order mark before the scheme": [`\ufeff${bearer}`],
  "a quote before the scheme": [`"${bearer}"`],
  "the scheme Basic": ["Basic Zm9vOmJhcg=="],
  "the scheme Basic with a valid token": [`Basic ${token}`],
  "the scheme of another mesh": [`Istio ${token}`],
  "a scheme that ends with Bearer": [`XBearer ${token}`],
  "the scheme after another one in the same value": [`Basic Zm9vOmJhcg==, ${bearer}`],
  "the scheme with a letter of another script": [`\u0412earer ${token}`],
});

const malformed = presented(rejected, {
  "two spaces after the scheme": [`Bearer  ${token}`],
  "a space and a tab after the scheme": [`Bearer \t${token}`],
  "a space after the token": [`${bearer} `],
  "a line feed after the token": [`${bearer}\n`],
  "NUL after the token": [`${bearer}\u0000`],
  "a comma after the token": [`${bearer},`],
  "a comma within the token": [`Bearer ${token.slice(0, 20)},${token.slice(20)}`],
  "two tokens joined with a comma": [`${bearer}, ${bearer}`],
  "two tokens joined with a comma, without the second scheme": [`${bearer},${token}`],
  "two tokens separated by a space": [`${bearer} ${token}`],
  "a parameter after the token": [`${bearer}; realm="mesh"`],
  "the scheme twice": [`Bearer ${bearer}`],
  "the token as a parameter": [`Bearer token="${token}"`],
  "an invalid token before a valid one": ["Bearer a.b.c", bearer],
});

const emptyToken = presented(refused("TOKEN_MISSING", "TOKEN_REJECTED"), {
  "the scheme and a space": ["Bearer "],
  "the scheme and two spaces": ["Bearer  "],
});

const good = presented(frontend, {
  "one value": [bearer],
  "another scheme in an earlier value": ["Basic Zm9vOmJhcg==", bearer],
  "an empty earlier value": ["", bearer],
  "the scheme in lower case in an earlier value": [`bearer ${others}`, bearer],
  "another token in a later value": [bearer, `Bearer ${others}`],
  "the same token twice": [bearer, bearer],
  "a hundred earlier values with other schemes": [...Array.from({ length: 100 }, () => "Basic eDp5"), bearer],
});

const first = presented(acceptedAs("prod", "bank"), {
  "another workload's token first, which then identifies the caller": [`Bearer ${others}`, bearer],
});

export const authorizationValues: readonly Case[] = [
  ...missing,
  ...malformed,
  ...emptyToken,
  ...good,
  ...first,
];
