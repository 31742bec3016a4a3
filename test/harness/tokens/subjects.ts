// The account of a token: exactly `system:serviceaccount:<DNS label>:<DNS subdomain>`.

import { acceptedAs, type Case, frontend, group, refused } from "./case.ts";
import { claimsJson, mint, subject, withMember } from "./minting.ts";

const sub = (value: unknown) => mint({ claims: { sub: value } });
const account = (namespace: string, name: string) => sub(`system:serviceaccount:${namespace}:${name}`);

const others = group("sub", refused("CALLER_NOT_SERVICE_ACCOUNT"), {
  "sub missing": sub(undefined),
  "sub null": sub(null),
  "sub as a number": sub(42),
  "sub true": sub(true),
  "sub as a list": sub([subject]),
  "sub as a list of its parts": sub(subject.split(":")),
  "sub as an object": sub({ namespace: "demo", name: "frontend" }),
  "sub as an empty string": sub(""),
  "sub of a human user": sub("admin"),
  "sub that is an e-mail address": sub("frontend@example.com"),
  "sub that is a SPIFFE ID": sub("spiffe://cluster.local/ns/demo/sa/frontend"),
  "sub of two parts": sub("system:serviceaccount"),
  "sub of three parts": sub("system:serviceaccount:demo"),
  "sub of five parts": sub(`${subject}:extra`),
  "sub with a trailing colon": sub(`${subject}:`),
  "sub with a leading colon": sub(`:${subject}`),
  "sub of four empty parts": sub(":::"),
  "sub of four thousand colons": sub(":".repeat(4000)),
  "sub of a node": sub("system:node:demo:frontend"),
  "sub of a group": sub("system:serviceaccounts:demo:frontend"),
  "sub with its system in upper case": sub("System:serviceaccount:demo:frontend"),
  "sub with its kind in upper case": sub("system:ServiceAccount:demo:frontend"),
  "sub without a namespace": account("", "frontend"),
  "sub without a name": account("demo", ""),
  "sub with spaces as names": account(" ", " "),
  "sub with a leading space": sub(` ${subject}`),
  "sub with a trailing space": sub(`${subject} `),
  "sub with a trailing line feed": sub(`${subject}\n`),
  "sub with a trailing carriage return": sub(`${subject}\r`),
  "sub with a line feed in its namespace": account("demo\n", "frontend"),
  "sub with a trailing NUL": sub(`${subject}\u0000`),
  "sub with NUL in its name": account("demo", "front\u0000end"),
  "sub with a byte order mark": sub(`\ufeff${subject}`),
  "sub in full-width colons": sub(subject.replaceAll(":", "\uff1a")),
});

const labels = group("namespace of sub", refused("CALLER_NOT_SERVICE_ACCOUNT"), {
  "namespace in upper case": account("Demo", "frontend"),
  "namespace with a dot": account("de.mo", "frontend"),
  "namespace that is a dot": account(".", "frontend"),
  "namespace that traverses directories": account("..", "frontend"),
  "namespace with a slash": account("demo/sa/bank", "frontend"),
  "namespace with a backslash": account("demo\\", "frontend"),
  "namespace with an underscore": account("de_mo", "frontend"),
  "namespace with a percent escape": account("de%2fmo", "frontend"),
  "namespace that starts with a dash": account("-demo", "frontend"),
  "namespace that ends with a dash": account("demo-", "frontend"),
  "namespace of 64 characters": account("n".repeat(64), "frontend"),
  "namespace with a Cyrillic letter": account("d\u0435mo", "frontend"),
  "namespace with a letter that lower-cases to two": account("\u0130", "frontend"),
  "namespace with a digit of another script": account("\u0661", "frontend"),
  "namespace that is a star": account("*", "frontend"),
  "namespace with a query": account("demo?a", "frontend"),
  "namespace with a fragment": account("demo#a", "frontend"),
});

const subdomains = group("service account of sub", refused("CALLER_NOT_SERVICE_ACCOUNT"), {
  "name in upper case": account("demo", "Frontend"),
  "name that traverses directories": account("demo", "../bank"),
  "name of two dots": account("demo", ".."),
  "name with a slash": account("demo", "a/b"),
  "name with a trailing slash": account("demo", "frontend/"),
  "name with a percent escape": account("demo", "a%2fb"),
  "name with an escaped NUL": account("demo", "frontend%00"),
  "name that contains two dots": account("demo", "front..end"),
  "name that starts with a dot": account("demo", ".frontend"),
  "name that ends with a dot": account("demo", "frontend."),
  "name that starts with a dash": account("demo", "-frontend"),
  "name with a dash before a dot": account("demo", "front-.end"),
  "name with an underscore": account("demo", "front_end"),
  "name with an umlaut": account("demo", "fr\u00f6ntend"),
  "name with a comma": account("demo", "a,spiffe://cluster.local/ns/prod/sa/bank"),
  "name with a lone surrogate": mint({
    payload: withMember(claimsJson({ sub: undefined }), '"sub":"system:serviceaccount:demo:front\\ud800end"'),
  }),
  "name with a right-to-left override": account("demo", "\u202efrontend"),
  "name of 254 characters": account("demo", "s".repeat(254)),
  "name of ten thousand characters": account("demo", "s".repeat(10_000)),
});

const accounts: readonly (readonly [string, string, string])[] = [
  ["a name with dots", "demo", "front.end.v2"],
  ["a name with dashes", "demo", "front--end"],
  ["names of digits", "0", "1"],
  ["a namespace of 63 characters", "n".repeat(63), "frontend"],
  ["a name of 253 characters", "demo", "s".repeat(253)],
  ["a name that looks like an IP address", "demo", "10.0.0.1"],
  ["names with a meaning in JavaScript", "constructor", "default"],
];

const known = accounts.flatMap(([name, namespace, serviceAccount]) =>
  group("sub", acceptedAs(namespace, serviceAccount), { [name]: account(namespace, serviceAccount) }),
);

const ids = group("jti", frontend, { "jti missing": mint({ claims: { jti: undefined } }) });
const oddIds = group("jti", refused("TOKEN_REJECTED"), {
  "jti a number": mint({ claims: { jti: 1 } }),
  "jti null": mint({ claims: { jti: null } }),
  "jti a list": mint({ claims: { jti: ["a"] } }),
});

export const subjects: readonly Case[] = [...others, ...labels, ...subdomains, ...known, ...ids, ...oddIds];
