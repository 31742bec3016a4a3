import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { tag } from "../der/tag.ts";
import { encode, encodeBits, encodeOid, encodeSequence } from "../der/writer.ts";
import { hex } from "../forge.fixture.ts";
import { oid } from "../oids.ts";
import { isPointOnCurve, isScalar } from "./ec-curve.ts";
import { createKeyPair } from "./key.ts";
import { keyTypes, keyTypesIn } from "./key-types.ts";
import { parseAuthorityKey, parsePublicKey } from "./public-key.ts";

const curveOids = { p256: "1.2.840.10045.3.1.7", p384: "1.3.132.0.34" } as const;
const p256 = encodeSequence(encodeOid(oid.ecPublicKey), encodeOid(curveOids.p256));
const rsa = encodeSequence(encodeOid(oid.rsaEncryption), encode(tag.null));

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}

function ecSpki(point: Uint8Array, algorithm = p256): Uint8Array {
  return encodeSequence(algorithm, encodeBits(point));
}

function rsaSpki(modulus: bigint, exponent: bigint, algorithm = rsa): Uint8Array {
  return encodeSequence(algorithm, encodeBits(encodeSequence(integer(modulus), integer(exponent))));
}

function integer(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return encode(tag.integer, hex(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even));
}

function ec(namedCurve: string, paramEncoding: "named" | "explicit" = "named"): Uint8Array {
  return spkiOf(generateKeyPairSync("ec", { namedCurve, paramEncoding }).publicKey);
}

function rsaKey(modulusLength: number, publicExponent = 65_537): Uint8Array {
  return spkiOf(generateKeyPairSync("rsa", { modulusLength, publicExponent }).publicKey);
}

/** An odd number of 2048 bits that is a power of 65537 modulo every prime from 3 to 167. */
function rocaModulus(): bigint {
  const primes = Array.from({ length: 166 }, (_, index) => index + 2).filter(
    (n) =>
      n > 2 && !Array.from({ length: n - 2 }, (_, index) => index + 2).some((divisor) => n % divisor === 0),
  );
  const primorial = primes.reduce((product, prime) => product * BigInt(prime), 1n);
  const base = (1n << 2047n) / primorial + 1n;
  const candidate = base * primorial + (65_537n ** 7n % primorial);
  return candidate % 2n === 1n ? candidate : candidate + primorial;
}

const goodModulus = (1n << 2047n) + 12_345n;
const point = ec("P-256").subarray(-65);
const flipped = point.with(64, (point[64] ?? 0) ^ 1);
const prime256 = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

const refused: Readonly<Record<string, () => Uint8Array>> = {
  "the point at infinity": () => ecSpki(hex("00")),
  "a point with no octets": () => ecSpki(hex("")),
  "a point off the curve": () => ecSpki(flipped),
  "a compressed point": () => ecSpki(hex(`02${Buffer.from(point.subarray(1, 33)).toString("hex")}`)),
  "a hybrid point": () => ecSpki(point.with(0, 0x06)),
  "a point that is too short": () => ecSpki(point.subarray(0, 64)),
  "a point with a coordinate equal to the prime": () =>
    ecSpki(new Uint8Array([4, ...prime256, ...point.subarray(33)])),
  "a point of zeros": () => ecSpki(new Uint8Array(65).with(0, 4)),
  "a P-256 point labeled P-384": () =>
    ecSpki(point, encodeSequence(encodeOid(oid.ecPublicKey), encodeOid(curveOids.p384))),
  "an EC key without parameters": () => ecSpki(point, encodeSequence(encodeOid(oid.ecPublicKey))),
  "EC with explicit curve parameters": () => ec("P-256", "explicit"),
  "EC with parameters after the curve": () =>
    ecSpki(point, encodeSequence(encodeOid(oid.ecPublicKey), encodeOid(curveOids.p256), encode(tag.null))),
  "P-224": () => ec("P-224"),
  "P-521": () => ec("P-521"),
  secp256k1: () => ec("secp256k1"),
  brainpool: () => ec("brainpoolP256r1"),
  Ed25519: () => spkiOf(generateKeyPairSync("ed25519").publicKey),
  X25519: () => spkiOf(generateKeyPairSync("x25519").publicKey),
  "RSA-PSS": () => spkiOf(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey),
  "RSA of 1024 bits": () => rsaKey(1024),
  "RSA of 2047 bits in 256 octets": () => rsaSpki((1n << 2046n) + 1n, 65_537n),
  "RSA of 4097 bits": () => rsaSpki((1n << 4096n) + 12_345n, 65_537n),
  "RSA with an even modulus": () => rsaSpki(goodModulus + 1n, 65_537n),
  "RSA with the ROCA fingerprint": () => rsaSpki(rocaModulus(), 65_537n),
  "RSA with exponent 1": () => rsaSpki(goodModulus, 1n),
  "RSA with exponent 3": () => rsaSpki(goodModulus, 3n),
  "RSA with an even exponent": () => rsaSpki(goodModulus, 65_538n),
  "RSA with exponent 2^32 + 1": () => rsaSpki(goodModulus, (1n << 32n) + 1n),
  "RSA with an exponent as long as the modulus": () => rsaSpki(goodModulus, goodModulus),
  "RSA with a negative modulus": () =>
    encodeSequence(rsa, encodeBits(encodeSequence(hex("0201ff"), integer(65_537n)))),
  "RSA with exponent zero": () => rsaSpki(goodModulus, 0n),
  "RSA without parameters": () => rsaSpki(goodModulus, 65_537n, encodeSequence(encodeOid(oid.rsaEncryption))),
  "RSA with data after the exponent": () =>
    encodeSequence(rsa, encodeBits(encodeSequence(integer(goodModulus), integer(65_537n), integer(1n)))),
  "a key with data after it": () => encodeSequence(p256, encodeBits(point), encode(tag.null)),
  empty: () => new Uint8Array(),
};

describe("parsePublicKey", () => {
  for (const [what, spki] of Object.entries(refused)) {
    it(`rejects a public key that is ${what}`, () => {
      assert.throws(() => parsePublicKey(spki()), { code: "KEY_REJECTED" });
    });
  }

  it("names the rule that rejected the key", () => {
    assert.throws(() => parsePublicKey(rsaKey(1024)), /1024 bits, fewer than 2048/);
    assert.throws(() => parsePublicKey(rsaSpki(rocaModulus(), 65_537n)), /ROCA/);
  });

  for (const type of ["P-256", "P-384", "RSA-2048"] as const) {
    it(`accepts a ${type} key and reads the same key as OpenSSL`, async () => {
      const { publicKey } = await createKeyPair(type);
      const parsed = parsePublicKey(publicKey.spki);
      assert.equal(parsed.type, type);
      assert.ok(parsed.equals(publicKey));
      assert.ok(
        parsed.keyObject.equals(
          createPublicKey({ key: Buffer.from(publicKey.spki), format: "der", type: "spki" }),
        ),
      );
    });
  }

  it("accepts RSA sizes in between, and 8192 bits only for an authority", () => {
    assert.equal(parsePublicKey(rsaSpki((1n << 3071n) + 12_345n, 65_537n)).type, "RSA-3072");
    assert.equal(parseAuthorityKey(rsaSpki((1n << 8191n) + 12_345n, 65_537n)).type, "RSA-8192");
  });

  it("copies its input, so later changes to the bytes have no effect", async () => {
    const bytes = new Uint8Array((await createKeyPair("P-256")).publicKey.spki);
    const parsed = parsePublicKey(bytes);
    bytes.fill(0);
    assert.notDeepEqual(parsed.spki, bytes);
  });
});

describe("isPointOnCurve", () => {
  for (const name of keyTypesIn("EC")) {
    const { curve } = keyTypes[name];
    it(`accepts OpenSSL's keys on ${name} and rejects neighboring points`, () => {
      for (let round = 0; round < 10; round += 1) {
        const jwk = generateKeyPairSync("ec", { namedCurve: name }).publicKey.export({ format: "jwk" });
        const x = new Uint8Array(Buffer.from(jwk.x ?? "", "base64url"));
        const y = new Uint8Array(Buffer.from(jwk.y ?? "", "base64url"));
        assert.ok(isPointOnCurve(curve, x, y));
        assert.ok(!isPointOnCurve(curve, x, y.with(0, (y[0] ?? 0) ^ 1)));
        assert.ok(!isPointOnCurve(curve, y, x));
        assert.ok(!isPointOnCurve(curve, x.subarray(1), y));
      }
    });
  }
});

describe("isScalar", () => {
  for (const name of keyTypesIn("EC")) {
    const { curve } = keyTypes[name];
    const octetsOf = (value: bigint, length: number) => hex(value.toString(16).padStart(2 * length, "0"));
    it(`accepts 1 to n − 1 on ${name}, in any number of octets up to those of the curve`, () => {
      const { n, size } = curve;
      for (const value of [1n, 255n, n / 256n, n - 256n, n - 1n])
        assert.ok(isScalar(curve, octetsOf(value, size)));
      for (const value of [0n, n, n + 1n, 256n ** BigInt(size) - 1n])
        assert.ok(!isScalar(curve, octetsOf(value, size)));
      assert.ok(isScalar(curve, octetsOf(1n, 1)));
      assert.ok(isScalar(curve, new Uint8Array(size - 1).fill(0xff)));
      assert.ok(!isScalar(curve, octetsOf(1n, size + 1)));
      assert.ok(!isScalar(curve, octetsOf(0n, 1)));
      assert.ok(!isScalar(curve, new Uint8Array()));
    });
  }
});
