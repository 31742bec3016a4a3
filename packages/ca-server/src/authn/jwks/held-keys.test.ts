import assert from "node:assert/strict";
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { compactVerify, createLocalJWKSet, errors, exportSPKI } from "jose";
import { type BearerToken, readBearerToken } from "../bearer-token.ts";
import { HeldKeys, type SignatureVerdict } from "./held-keys.ts";
import { type TokenAlgorithm, tokenAlgorithms, type VerificationKey } from "./key-set.ts";

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const pairs = [ec("P-256"), ec("P-256"), ec("P-384"), rsa(), rsa(), generateKeyPairSync("ed25519")] as const;
const foreign = [ec("P-521"), ec("secp256k1"), generateKeyPairSync("ed448")] as const;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Order {
  readonly signer: KeyObject;
  /** The algorithm of the signature; the header may claim another. */
  readonly alg: TokenAlgorithm;
  readonly claimedAlg: string;
  readonly kid: string | undefined;
  readonly spoil: (signature: Buffer) => Buffer;
}

function mint({ signer, alg, claimedAlg, kid, spoil }: Order): BearerToken {
  const input = `${encode({ alg: claimedAlg, kid })}.${encode({ sub: "frontend" })}`;
  const signature = spoil(signed(alg, signer, Buffer.from(input)));
  const authorization = [`Bearer ${input}.${signature.toString("base64url")}`];
  return readBearerToken({ authorization, peerCertificates: [] }) ?? assert.fail("no token");
}

/** Signs with any key, in the form of the algorithm as far as the key allows it. */
function signed(alg: TokenAlgorithm, key: KeyObject, input: Buffer): Buffer {
  const type = key.asymmetricKeyType;
  if (type === "ed25519" || type === "ed448") return sign(null, input, key);
  const digest = /(?:256|384|512)$/.exec(alg)?.[0] ?? "256";
  if (type === "ec") return sign(`sha${digest}`, input, { key, dsaEncoding: "ieee-p1363" });
  if (!alg.startsWith("PS")) return sign(`sha${digest}`, input, key);
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return sign(`sha${digest}`, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

const intact = (signature: Buffer) => signature;
const spoilers: readonly ((signature: Buffer) => Buffer)[] = [
  intact,
  intact,
  intact,
  (signature) => signature.subarray(1),
  (signature) => signature.subarray(0, -1),
  (signature) => Buffer.concat([signature, Buffer.from([0])]),
  (signature) => Buffer.concat([Buffer.from([0]), signature]),
  (signature) => Buffer.alloc(signature.length),
  (signature) => Buffer.alloc(signature.length, 0xff),
  (signature) =>
    Buffer.concat([signature.subarray(signature.length / 2), signature.subarray(0, signature.length / 2)]),
  (signature) => Buffer.from(signature.map((byte, at) => (at === 7 ? byte ^ 1 : byte))),
  () => Buffer.from([0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]),
];

/** The verdict of jose, which judged tokens before this class did. */
async function verdictOfJose(
  keys: readonly VerificationKey[],
  { text, signed: { kid } }: BearerToken,
  allowed: readonly string[],
): Promise<SignatureVerdict> {
  const options = { algorithms: [...allowed] };
  try {
    await compactVerify(text, createLocalJWKSet({ keys: [...keys] }), options);
    return "valid";
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return "no matching key";
    if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
      return "algorithm not allowed";
    if (error instanceof errors.JWSSignatureVerificationFailed) return "invalid";
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const different = new Map<string, CryptoKey>();
    for await (const key of error) different.set(await exportSPKI(key), key);
    if (different.size > 1 && kid === undefined) return "several matching keys";
    const tries = [...different.values()].slice(0, 8).map((key) => compactVerify(text, key, options));
    const results = await Promise.allSettled(tries);
    return results.some(({ status }) => status === "fulfilled") ? "valid" : "invalid";
  }
}

const kids = fc.constantFrom(undefined, "a", "b");
const anyKey = fc
  .record({
    pair: fc.constantFrom(...pairs),
    kid: kids,
    alg: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.constantFrom(...tokenAlgorithms)),
    isSig: fc.boolean(),
  })
  .map(({ pair, kid, alg, isSig }): VerificationKey => {
    const members = { kid, alg, use: isSig ? "sig" : undefined };
    const stated = Object.entries(members).filter(([, value]) => value !== undefined);
    return { ...pair.publicKey.export({ format: "jwk" }), ...Object.fromEntries(stated) };
  });
const sets = fc.array(anyKey, { minLength: 1, maxLength: 10 });

/** Algorithms that suit a key are the most interesting ones. */
const suited: Readonly<Record<string, readonly TokenAlgorithm[]>> = {
  prime256v1: ["ES256"],
  secp384r1: ["ES384"],
  rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ed25519: ["EdDSA", "Ed25519"],
};
const orders = fc
  .record({
    pair: fc.constantFrom(...pairs, ...pairs, ...pairs, ...foreign),
    pick: fc.nat(5),
    isSuited: fc.integer({ min: 0, max: 9 }).map((n) => n > 1),
    anyAlg: fc.constantFrom(...tokenAlgorithms),
    otherAlg: fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      fc.constantFrom(...tokenAlgorithms, "none", "HS256", "ES512", "es256", "toString"),
    ),
    kid: kids,
    spoil: fc.constantFrom(...spoilers),
  })
  .map(({ pair: { privateKey }, pick, isSuited, anyAlg, otherAlg, kid, spoil }): Order => {
    const kind = privateKey.asymmetricKeyDetails?.namedCurve ?? privateKey.asymmetricKeyType ?? "";
    const fitting = suited[kind];
    const alg = (isSuited ? fitting?.[pick % fitting.length] : undefined) ?? anyAlg;
    return { signer: privateKey, alg, claimedAlg: otherAlg ?? alg, kid, spoil };
  });
const allowedLists = fc.constantFrom<readonly string[]>(
  tokenAlgorithms,
  tokenAlgorithms,
  ["ES256", "RS256"],
  [],
);

describe("HeldKeys", () => {
  it("returns the verdict of jose for every key set, algorithm, key id and spoiled signature", async () => {
    const seen = new Map<SignatureVerdict, number>();
    await fc.assert(
      fc.asyncProperty(sets, orders, allowedLists, async (keys, order, allowed) => {
        const token = mint(order);
        const verdict = HeldKeys.from(keys).judge(token.signed, allowed);
        assert.equal(verdict, await verdictOfJose(keys, token, allowed));
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      }),
      { numRuns: 1000 },
    );
    assert.equal(seen.size, 5, `every verdict must occur: ${JSON.stringify([...seen])}`);
  });
});
