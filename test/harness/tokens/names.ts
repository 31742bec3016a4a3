// Whom a token is for and who made it: compared octet by octet.

import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { audience, issuer, mint } from "./minting.ts";

const aud = (value: unknown) => mint({ claims: { aud: value } });
const iss = (value: unknown) => mint({ claims: { iss: value } });

const forUs = group("aud", frontend, {
  "aud as a text": aud(audience),
  "aud as a list": aud([audience]),
  "aud among others": aud(["vault", audience, "https://kubernetes.default.svc"]),
  "aud twice in a list": aud([audience, audience]),
  "aud behind an empty one": aud(["", audience]),
  "aud behind three hundred others": aud([
    ...Array.from({ length: 300 }, (_, index) => `other-${index}`),
    audience,
  ]),
});

const forOthers = group("aud", refused("TOKEN_AUDIENCE"), {
  "aud missing": aud(undefined),
  "aud null": aud(null),
  "aud a number": aud(1),
  "aud true": aud(true),
  "aud an object": aud({ 0: audience }),
  "aud an object with a length": aud({ 0: audience, length: 1 }),
  "aud an empty text": aud(""),
  "aud an empty list": aud([]),
  "aud a list of nothing": aud([null]),
  "aud in a list in a list": aud([[audience]]),
  "aud beside a number": aud([audience, 1]),
  "aud beside null": aud([audience, null]),
  "aud of another service": aud("vault"),
  "aud of the API server": aud(["https://kubernetes.default.svc"]),
  "aud that begins as ours": aud("istio-ca-2"),
  "aud that ends as ours": aud("my-istio-ca"),
  "aud that ours begins with": aud("istio"),
  "aud in capitals": aud("ISTIO-CA"),
  "aud with a slash behind": aud("istio-ca/"),
  "aud with a blank behind": aud("istio-ca "),
  "aud with a blank before": aud(" istio-ca"),
  "aud with a line end behind": aud("istio-ca\n"),
  "aud with NUL behind": aud("istio-ca\u0000"),
  "aud that is a list in a text": aud("istio-ca,vault"),
  "aud that is words in a text": aud("istio-ca vault"),
  "aud that is JSON in a text": aud('["istio-ca"]'),
  "aud with a star": aud("*"),
  "aud with a Cyrillic letter": aud("\u0456stio-ca"),
  "aud with a wide letter": aud("\uff49stio-ca"),
  "aud with a soft hyphen": aud("istio\u00adca"),
  "aud with a dash of another kind": aud("istio\u2010ca"),
  "aud under a name in capitals": mint({ claims: { aud: undefined, AUD: audience } }),
});

const byOthers = group("iss", refused("TOKEN_ISSUER"), {
  "iss missing": iss(undefined),
  "iss null": iss(null),
  "iss a number": iss(1),
  "iss a list": iss([issuer]),
  "iss an object": iss({ url: issuer }),
  "iss an empty text": iss(""),
  "iss of somebody else": iss("https://evil.test"),
  "iss with a slash behind": iss(`${issuer}/`),
  "iss with two slashes behind": iss(`${issuer}//`),
  "iss in capitals": iss("https://ISSUER.TEST"),
  "iss with its scheme in capitals": iss("HTTPS://issuer.test"),
  "iss by http": iss("http://issuer.test"),
  "iss without a scheme": iss("issuer.test"),
  "iss with its port": iss(`${issuer}:443`),
  "iss that ours begins with": iss("https://issuer.tes"),
  "iss that begins as ours": iss(`${issuer}.evil.test`),
  "iss that names ours as a user": iss(`${issuer}@evil.test`),
  "iss that names ours in a path": iss(`https://evil.test/${issuer}`),
  "iss with a query": iss(`${issuer}?a`),
  "iss with a fragment": iss(`${issuer}#a`),
  "iss with a dot behind": iss(`${issuer}.`),
  "iss with a blank before": iss(` ${issuer}`),
  "iss with a line end behind": iss(`${issuer}\n`),
  "iss with NUL behind": iss(`${issuer}\u0000`),
  "iss with a percent escape": iss("https://issuer%2Etest"),
  "iss with a Cyrillic letter": iss("https://\u0456ssuer.test"),
  "iss that every object has as a member": iss("__proto__"),
  "iss under a name in capitals": mint({ claims: { iss: undefined, ISS: issuer } }),
});

/** Nothing that an unproven token says is told, its issuer no more than the rest. */
const forgers = group("iss", rejected, {
  "iss of somebody else, by a stranger": mint({
    key: "a stranger's P-256",
    header: { kid: "es256" },
    claims: { iss: "https://evil.test" },
  }),
  "iss missing, by a stranger": mint({
    key: "a stranger's P-256",
    header: { kid: "es256" },
    claims: { iss: undefined },
  }),
  "iss of somebody else under a kid that nobody knows": mint({
    header: { kid: "unknown" },
    claims: { iss: "https://evil.test" },
  }),
});

export const audiencesAndIssuers: readonly Case[] = [...forUs, ...forOthers, ...byOthers, ...forgers];
