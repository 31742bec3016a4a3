import { createECDH, createHash, createPrivateKey, type KeyObject } from "node:crypto";

// The same keys in every run, so that a seed produces the same inputs. They are derived from their names and
// protect nothing.

const drawn = (name: string) => createHash("sha256").update(`kasbah fuzz ${name}`).digest();
const base64url = (octets: Uint8Array) => Buffer.from(octets).toString("base64url");

/** An EC private key on P-256. */
export function fixedP256Key(name: string): KeyObject {
  const d = drawn(name);
  const exchange = createECDH("prime256v1");
  exchange.setPrivateKey(d);
  const point = exchange.getPublicKey();
  const [x, y] = [base64url(point.subarray(1, 33)), base64url(point.subarray(33))];
  return createPrivateKey({ key: { kty: "EC", crv: "P-256", d: base64url(d), x, y }, format: "jwk" });
}

/** An Ed25519 private key; its signatures are deterministic. */
export function fixedEd25519Key(name: string): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), drawn(name)]);
  return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
}
