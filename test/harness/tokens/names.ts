// Audience and issuer of a token: compared octet by octet.

import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { audience, issuer, mint } from "./minting.ts";

const aud = (value: unknown) => mint({ claims: { aud: value } });
const iss = (value: unknown) => mint({ claims: { iss: value } });

const forUs = group("aud", frontend, {
  "aud as a string": aud(audience),
  "aud as a list": aud([audience]),
  "aud among others": aud(["vault", audience, "https://kubernetes.default.svc"]),
  "aud twice in a list": aud([audience, audience]),
  "aud after an empty one": aud(["", audience]),
  "aud after three hundred others": aud([
    ...Array.from({ length: 300 }, (_, index) => `other-${index}`),
    audience,
  ]),
});

const forOthers = group("aud", refused("TOKEN_AUDIENCE"), {
  "aud missing": aud(undefined),
  "aud null": aud(null),
  "aud as a number": aud(1),
  "aud true": aud(true),
  "aud as an object": aud({ 0: audience }),
  "aud as an object with a length": aud({ 0: audience, length: 1 }),
  "aud as an empty string": aud(""),
  "aud as an empty list": aud([]),
  "aud as a list of null": aud([null]),
  "aud in a nested list": aud([[audience]]),
  "aud together with a number": aud([audience, 1]),
  "aud together with null": aud([audience, null]),
  "aud of another service": aud("vault"),
  "aud of the API server": aud(["https://kubernetes.default.svc"]),
  "aud that starts with ours": aud("istio-ca-2"),
  "aud that ends with ours": aud("my-istio-ca"),
  "aud that is a prefix of the expected one": aud("istio"),
  "aud in upper case": aud("ISTIO-CA"),
  "aud with a trailing slash": aud("istio-ca/"),
  "aud with a trailing space": aud("istio-ca "),
  "aud with a leading space": aud(" istio-ca"),
  "aud with a trailing line feed": aud("istio-ca\n"),
  "aud with a trailing NUL": aud("istio-ca\u0000"),
  "aud as a comma-separated string": aud("istio-ca,vault"),
  "aud as a space-separated string": aud("istio-ca vault"),
  "aud as a JSON string": aud('["istio-ca"]'),
  "aud with a star": aud("*"),
  "aud with a Cyrillic letter": aud("\u0456stio-ca"),
  "aud with a full-width letter": aud("\uff49stio-ca"),
  "aud with a soft hyphen": aud("istio\u00adca"),
  "aud with another kind of dash": aud("istio\u2010ca"),
  "aud with its name in upper case": mint({ claims: { aud: undefined, AUD: audience } }),
});

const byOthers = group("iss", refused("TOKEN_ISSUER"), {
  "iss missing": iss(undefined),
  "iss null": iss(null),
  "iss as a number": iss(1),
  "iss as a list": iss([issuer]),
  "iss as an object": iss({ url: issuer }),
  "iss as an empty string": iss(""),
  "iss of another issuer": iss("https://evil.test"),
  "iss with a trailing slash": iss(`${issuer}/`),
  "iss with two trailing slashes": iss(`${issuer}//`),
  "iss in upper case": iss("https://ISSUER.TEST"),
  "iss with its scheme in upper case": iss("HTTPS://issuer.test"),
  "iss by http": iss("http://issuer.test"),
  "iss without a scheme": iss("issuer.test"),
  "iss with its port": iss(`${issuer}:443`),
  "iss that is a prefix of the expected one": iss("https://issuer.tes"),
  "iss that starts with ours": iss(`${issuer}.evil.test`),
  "iss with ours as its user part": iss(`${issuer}@evil.test`),
  "iss with ours in its path": iss(`https://evil.test/${issuer}`),
  "iss with a query": iss(`${issuer}?a`),
  "iss with a fragment": iss(`${issuer}#a`),
  "iss with a trailing dot": iss(`${issuer}.`),
  "iss with a leading space": iss(` ${issuer}`),
  "iss with a trailing line feed": iss(`${issuer}\n`),
  "iss with a trailing NUL": iss(`${issuer}\u0000`),
  "iss with a percent escape": iss("https://issuer%2Etest"),
  "iss with a Cyrillic letter": iss("https://\u0456ssuer.test"),
  "iss named like a property of every object": iss("__proto__"),
  "iss with its name in upper case": mint({ claims: { iss: undefined, ISS: issuer } }),
});

/** A refusal reveals nothing from an unverified token, not even its issuer. */
const forgers = group("iss", rejected, {
  "iss of another issuer, signed by an attacker": mint({
    key: "an attacker's P-256",
    header: { kid: "es256" },
    claims: { iss: "https://evil.test" },
  }),
  "iss missing, signed by an attacker": mint({
    key: "an attacker's P-256",
    header: { kid: "es256" },
    claims: { iss: undefined },
  }),
  "iss of another issuer under an unknown kid": mint({
    header: { kid: "unknown" },
    claims: { iss: "https://evil.test" },
  }),
});

export const audiencesAndIssuers: readonly Case[] = [...forUs, ...forOthers, ...byOthers, ...forgers];
