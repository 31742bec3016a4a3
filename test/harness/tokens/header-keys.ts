// Headers that contain a key, point to one, or change how the token is parsed.

import { type Case, frontend, group, rejected } from "./case.ts";
import { publicJwk, publicKey } from "./keys.ts";
import { claimsJson, mint, type TokenOrder } from "./minting.ts";

const attacker = "an attacker's P-256";
const forged = (header: TokenOrder["header"]) =>
  mint({ key: attacker, header: { kid: undefined, ...header } });
const jwk = publicJwk(attacker);
/** Not a certificate, but a careless parser would extract the key from it. */
const spki = publicKey(attacker).export({ type: "spki", format: "der" }).toString("base64");
const url = "https://evil.test/keys";

const embedded = group("embedded and remote keys", rejected, {
  "jwk with the attacker's key": forged({ jwk }),
  "jwk with the attacker's key under a kid of the key set": forged({
    jwk: { ...jwk, kid: "es256" },
    kid: "es256",
  }),
  "jwk that is symmetric": forged({ jwk: { kty: "oct", k: "c2VjcmV0" } }),
  "jku that points at the attacker": forged({ jku: url }),
  "jku that points at the issuer's host with the attacker's path": forged({
    jku: "https://issuer.test/redirect?to=https://evil.test",
  }),
  "jku that points at a metadata service": forged({ jku: "http://169.254.169.254/latest/meta-data" }),
  "jku that is a file URL": forged({ jku: "file:///etc/passwd", kid: "es256" }),
  "x5u that points at the attacker": forged({ x5u: url }),
  "x5c with the attacker's key": forged({ x5c: [spki] }),
  "x5c with the attacker's key under a kid of the key set": forged({ x5c: [spki], kid: "es256" }),
  "x5t of an empty certificate": forged({ x5t: "AAAA", "x5t#S256": "AAAA" }),
  "jwk with the issuer's own key, signed by the issuer": mint({ header: { jwk: publicJwk("es256") } }),
  "jwk with the attacker's key, signed by the issuer": mint({ header: { jwk } }),
  "jku, signed by the issuer": mint({ header: { jku: url } }),
  "x5u, signed by the issuer": mint({ header: { x5u: url } }),
  "x5c, signed by the issuer": mint({ header: { x5c: [spki] } }),
});

const kids = group("kid", rejected, {
  "kid that traverses directories": mint({ header: { kid: "../../../../dev/null" } }),
  "kid that is an absolute path": mint({ header: { kid: "/etc/passwd" } }),
  "kid that is SQL": mint({ header: { kid: "es256' UNION SELECT 'key' -- " } }),
  "kid that is a command": mint({ header: { kid: "es256; curl https://evil.test" } }),
  "kid that is a URL": mint({ header: { kid: url } }),
  "kid with a line feed": mint({ header: { kid: "es256\n" } }),
  "kid with NUL": mint({ header: { kid: "es256\u0000" } }),
  "kid in upper case": mint({ header: { kid: "ES256" } }),
  "kid that is empty": mint({ header: { kid: "" } }),
  "kid __proto__": mint({ header: { kid: "__proto__" } }),
  "kid of ten thousand characters": mint({ header: { kid: "k".repeat(10_000) } }),
  "kid of another key of the same type": mint({ header: { kid: "es256-other" } }),
  "kid of a key of another type": mint({ header: { kid: "rs256" } }),
  "unknown kid": mint({ header: { kid: "unknown" } }),
  "no kid, signed by an attacker": forged({}),
  "no kid although two keys could have signed": mint({ header: { kid: undefined } }),
  "kid as a number": mint({ key: "rs256", header: { kid: 1 } }),
  "kid null": mint({ key: "rs256", header: { kid: null } }),
  "kid as a list": mint({ key: "rs256", header: { kid: ["rs256"] } }),
  "kid as an object": mint({ key: "rs256", header: { kid: { toString: "rs256" } } }),
});

const kidless = group("kid", frontend, {
  "no kid if only one key could have signed": mint({ key: "rs256", header: { kid: undefined } }),
});

const unencoded = (header: TokenOrder["header"]) =>
  mint({ header: { b64: false, ...header }, spell: (part, index) => (index === 0 ? part : claimsJson()) });

const critical = group("crit and b64", rejected, {
  "crit with an unknown extension": mint({ header: { crit: ["exp2"], exp2: true } }),
  "crit with exp": mint({ header: { crit: ["exp"], exp: 1 } }),
  "crit with a missing member": mint({ header: { crit: ["b64"] } }),
  "crit that is empty": mint({ header: { crit: [] } }),
  "crit as a string": mint({ header: { crit: "b64", b64: true } }),
  "crit null": mint({ header: { crit: null } }),
  "crit with alg": mint({ header: { crit: ["alg"] } }),
  "crit with a number": mint({ header: { crit: [1] } }),
  "crit with b64 set to true": mint({ header: { crit: ["b64"], b64: true } }),
  "b64 false": mint({ header: { b64: false } }),
  "b64 false that is critical": mint({ header: { b64: false, crit: ["b64"] } }),
  "b64 false with claims as plain text": unencoded({}),
  "b64 false that is critical, with claims as plain text": unencoded({ crit: ["b64"] }),
  "b64 as a string": mint({ header: { b64: "false" } }),
});

export const headerKeys: readonly Case[] = [...embedded, ...kids, ...kidless, ...critical];
