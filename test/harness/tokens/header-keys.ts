// Headers that bring a key, point at one, or want the token to be read in another way.

import { type Case, frontend, group, rejected } from "./case.ts";
import { publicJwk, publicKey } from "./keys.ts";
import { claimsJson, mint, type TokenOrder } from "./minting.ts";

const stranger = "a stranger's P-256";
const forged = (header: TokenOrder["header"]) =>
  mint({ key: stranger, header: { kid: undefined, ...header } });
const jwk = publicJwk(stranger);
/** Not a certificate, but what a careless reader would take the key from. */
const spki = publicKey(stranger).export({ type: "spki", format: "der" }).toString("base64");
const url = "https://evil.test/keys";

const embedded = group("embedded and remote keys", rejected, {
  "jwk with the forger's key": forged({ jwk }),
  "jwk with the forger's key under a kid of the set": forged({ jwk: { ...jwk, kid: "es256" }, kid: "es256" }),
  "jwk that is symmetric": forged({ jwk: { kty: "oct", k: "c2VjcmV0" } }),
  "jku that points at the forger": forged({ jku: url }),
  "jku that points at the issuer's host with a path of the forger's": forged({
    jku: "https://issuer.test/redirect?to=https://evil.test",
  }),
  "jku that points at a metadata service": forged({ jku: "http://169.254.169.254/latest/meta-data" }),
  "jku that is a file": forged({ jku: "file:///etc/passwd", kid: "es256" }),
  "x5u that points at the forger": forged({ x5u: url }),
  "x5c with the forger's key": forged({ x5c: [spki] }),
  "x5c with the forger's key under a kid of the set": forged({ x5c: [spki], kid: "es256" }),
  "x5t of nothing": forged({ x5t: "AAAA", "x5t#S256": "AAAA" }),
  "jwk with the issuer's own key, by the issuer": mint({ header: { jwk: publicJwk("es256") } }),
  "jwk with the forger's key, by the issuer": mint({ header: { jwk } }),
  "jku, by the issuer": mint({ header: { jku: url } }),
  "x5u, by the issuer": mint({ header: { x5u: url } }),
  "x5c, by the issuer": mint({ header: { x5c: [spki] } }),
});

const kids = group("kid", rejected, {
  "kid that walks up directories": mint({ header: { kid: "../../../../dev/null" } }),
  "kid that is an absolute path": mint({ header: { kid: "/etc/passwd" } }),
  "kid that is SQL": mint({ header: { kid: "es256' UNION SELECT 'key' -- " } }),
  "kid that is a command": mint({ header: { kid: "es256; curl https://evil.test" } }),
  "kid that is a URL": mint({ header: { kid: url } }),
  "kid with a line end": mint({ header: { kid: "es256\n" } }),
  "kid with NUL": mint({ header: { kid: "es256\u0000" } }),
  "kid in other case": mint({ header: { kid: "ES256" } }),
  "kid that is empty": mint({ header: { kid: "" } }),
  "kid __proto__": mint({ header: { kid: "__proto__" } }),
  "kid of ten thousand characters": mint({ header: { kid: "k".repeat(10_000) } }),
  "kid of another key of the same kind": mint({ header: { kid: "es256-other" } }),
  "kid of a key of another kind": mint({ header: { kid: "rs256" } }),
  "kid that nobody knows": mint({ header: { kid: "unknown" } }),
  "no kid, by a stranger": forged({}),
  "no kid, where two keys could have signed": mint({ header: { kid: undefined } }),
  "kid a number": mint({ key: "rs256", header: { kid: 1 } }),
  "kid null": mint({ key: "rs256", header: { kid: null } }),
  "kid a list": mint({ key: "rs256", header: { kid: ["rs256"] } }),
  "kid an object": mint({ key: "rs256", header: { kid: { toString: "rs256" } } }),
});

const kidless = group("kid", frontend, {
  "no kid, where one key alone could have signed": mint({ key: "rs256", header: { kid: undefined } }),
});

const unencoded = (header: TokenOrder["header"]) =>
  mint({ header: { b64: false, ...header }, spell: (part, index) => (index === 0 ? part : claimsJson()) });

const critical = group("crit and b64", rejected, {
  "crit with an extension that nobody knows": mint({ header: { crit: ["exp2"], exp2: true } }),
  "crit with exp": mint({ header: { crit: ["exp"], exp: 1 } }),
  "crit with a member that is not there": mint({ header: { crit: ["b64"] } }),
  "crit that is empty": mint({ header: { crit: [] } }),
  "crit a text": mint({ header: { crit: "b64", b64: true } }),
  "crit null": mint({ header: { crit: null } }),
  "crit with alg": mint({ header: { crit: ["alg"] } }),
  "crit with a number": mint({ header: { crit: [1] } }),
  "crit with b64, which is true": mint({ header: { crit: ["b64"], b64: true } }),
  "b64 false": mint({ header: { b64: false } }),
  "b64 false that is critical": mint({ header: { b64: false, crit: ["b64"] } }),
  "b64 false with claims as plain text": unencoded({}),
  "b64 false that is critical, with claims as plain text": unencoded({ crit: ["b64"] }),
  "b64 that is a text": mint({ header: { b64: "false" } }),
});

export const headerKeys: readonly Case[] = [...embedded, ...kids, ...kidless, ...critical];
