import assert from "node:assert/strict";
import { constructedTag, primitiveTag } from "../der/tag.ts";
import { encode, encodeExtension, encodeSequence } from "../der/writer.ts";
import {
  type CertificatePieces,
  caExtension,
  forgeCertificate,
  hex,
  nameOf,
  namesExtension,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair, type KeyPair } from "../keys/key.ts";
import { oid } from "../oids.ts";
import type { Certificate } from "./certificate.ts";
import { type ChainToVerify, verifyChain } from "./chain.ts";
import { TrustBundle } from "./trust-bundle.ts";

const keys = {
  root: await createKeyPair("P-256"),
  outer: await createKeyPair("P-384"),
  inner: await createKeyPair("RSA-2048"),
  leaf: await createKeyPair("P-256"),
};
const names = {
  root: nameOf(oid.organization, "root"),
  outer: nameOf(oid.organization, "outer"),
  inner: nameOf(oid.organization, "inner"),
};
const now = new Date("2030-01-01T00:00:00Z");
const certSign = encodeExtension(oid.keyUsage, true, hex("03020106"));
const noCertSign = encodeExtension(oid.keyUsage, true, hex("03020780"));

const makeRoot = (changes: Partial<CertificatePieces> = {}) => authority(keys.root, "root", "root", changes);
const makeOuter = (changes: Partial<CertificatePieces> = {}) =>
  authority(keys.root, "root", "outer", changes);
const makeInner = (changes: Partial<CertificatePieces> = {}) =>
  authority(keys.outer, "outer", "inner", changes);

function authority(
  signer: KeyPair,
  issuer: keyof typeof names,
  subject: keyof typeof names,
  changes: Partial<CertificatePieces>,
): Certificate {
  return forgeCertificate(signer, {
    issuer: names[issuer],
    subject: names[subject],
    publicKey: keys[subject].publicKey.spki,
    extensions: [caExtension(), certSign],
    ...changes,
  });
}

function makeLeaf(changes: Partial<CertificatePieces> = {}, signer: KeyPair = keys.inner): Certificate {
  return forgeCertificate(signer, {
    issuer: names.inner,
    publicKey: keys.leaf.publicKey.spki,
    extensions: [namesExtension(uri("spiffe://td/a"))],
    ...changes,
  });
}

function chain(changes: Partial<ChainToVerify> & { root?: Certificate } = {}): ChainToVerify {
  const { root = makeRoot(), ...rest } = changes;
  return {
    leaf: makeLeaf(),
    intermediates: [makeInner(), makeOuter()],
    bundle: TrustBundle.from([root]),
    now,
    ...rest,
  };
}

const past = { notAfter: "291231235959Z" };
const future = { notBefore: "300101000001Z" };
const unknownCritical = encodeExtension("1.2.3.4", true, hex("0500"));
const dns = (text: string) => encode(primitiveTag(2), Buffer.from(text));
const address = (digits: string) => encode(primitiveTag(7), hex(digits));
const email = encode(primitiveTag(1), Buffer.from("a@td"));
const subtrees = (number: number, bases: readonly Uint8Array[]) =>
  bases.length === 0 ? [] : [encode(constructedTag(number), ...bases.map((base) => encodeSequence(base)))];
const constraints = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []) =>
  encodeExtension(
    oid.nameConstraints,
    true,
    encodeSequence(...subtrees(0, permitted), ...subtrees(1, excluded)),
  );
const permits = (...bases: Uint8Array[]) => constraints(bases);
/** A chain below an intermediate with name constraints. */
function constrained(extension: Uint8Array, leafNames?: Uint8Array, subject?: Uint8Array): ChainToVerify {
  const leaf = makeLeaf({
    ...(leafNames === undefined ? {} : { extensions: [leafNames] }),
    ...(subject === undefined ? {} : { subject }),
  });
  const inner = makeInner({ extensions: [caExtension(), certSign, extension] });
  return chain({ leaf, intermediates: [inner, makeOuter()] });
}

/** Rejected chains by their flaw, each with a part of the expected message. */
const refused: Readonly<Record<string, readonly [string, () => ChainToVerify]>> = {
  "the leaf has expired": ["the leaf has expired", () => chain({ leaf: makeLeaf(past) })],
  "the leaf is not valid yet": ["the leaf is not valid yet", () => chain({ leaf: makeLeaf(future) })],
  "an intermediate has expired": [
    "intermediate 1 has expired",
    () => chain({ intermediates: [makeInner(past), makeOuter()] }),
  ],
  "an intermediate is not valid yet": [
    "intermediate 2 is not valid yet",
    () => chain({ intermediates: [makeInner(), makeOuter(future)] }),
  ],
  "the root has expired": ["the root has expired", () => chain({ root: makeRoot(past) })],
  "the root is not valid yet": ["the root is not valid yet", () => chain({ root: makeRoot(future) })],
  "an intermediate is not a CA": [
    "intermediate 1 is not a CA",
    () => chain({ intermediates: [makeInner({ extensions: [] }), makeOuter()] }),
  ],
  "an intermediate may not sign certificates": [
    "without keyCertSign",
    () => chain({ intermediates: [makeInner({ extensions: [caExtension(), noCertSign] }), makeOuter()] }),
  ],
  "a leaf takes the place of an issuer": [
    "intermediate 1 is not a CA",
    () =>
      chain({
        leaf: makeLeaf({ issuer: encodeSequence() }, keys.leaf),
        intermediates: [makeLeaf(), makeInner(), makeOuter()],
      }),
  ],
  "the leaf is a CA": ["the leaf is a CA", () => chain({ leaf: makeInner(), intermediates: [makeOuter()] })],
  "a path length is exceeded": [
    "intermediate 2 has more intermediates below it",
    () => chain({ intermediates: [makeInner(), makeOuter({ extensions: [caExtension(0), certSign] })] }),
  ],
  "the root's path length is exceeded": [
    "the root has more intermediates below it",
    () => chain({ root: makeRoot({ extensions: [caExtension(1), certSign] }) }),
  ],
  "the order is wrong": ["is not the issuer", () => chain({ intermediates: [makeOuter(), makeInner()] })],
  "an intermediate is missing": ["is not the issuer", () => chain({ intermediates: [makeOuter()] })],
  "there is one intermediate too many": [
    "is not the issuer",
    () => chain({ intermediates: [makeInner(), makeInner(), makeOuter()] }),
  ],
  "there are five intermediates": [
    "more than 4 intermediates",
    () => chain({ intermediates: [makeInner(), makeOuter(), makeRoot(), makeRoot(), makeRoot()] }),
  ],
  "the leaf was signed by another key": [
    "intermediate 1 did not sign",
    () => chain({ leaf: makeLeaf({}, keys.outer) }),
  ],
  "the root has the right name but another key": [
    "the root did not sign",
    () => chain({ root: makeRoot({ publicKey: keys.leaf.publicKey.spki }) }),
  ],
  "the root has the right key but another name": [
    "not in the trust bundle",
    () => chain({ root: makeRoot({ subject: names.outer }) }),
  ],
  "the root is not trusted": [
    "not in the trust bundle",
    () => chain({ root: authority(keys.outer, "outer", "outer", {}) }),
  ],
  "the leaf has an unknown critical extension": [
    "critical extension 1.2.3.4",
    () => chain({ leaf: makeLeaf({ extensions: [unknownCritical] }) }),
  ],
  "an intermediate permits another host": ["does not permit", () => constrained(permits(uri("other")))],
  "an intermediate permits hosts below its domain, and the leaf's is the domain itself": [
    "does not permit",
    () => constrained(permits(uri(".td"))),
  ],
  "an intermediate permits a host that is only a prefix of the leaf's": [
    "does not permit",
    () => constrained(permits(uri("t"))),
  ],
  "an intermediate both excludes and permits the leaf's host": [
    "excludes",
    () => constrained(constraints([uri("td")], [uri("td")])),
  ],
  "an intermediate constrains hosts and the leaf's URI has an address": [
    "cannot be evaluated",
    () => constrained(permits(uri("10.1.2.3")), namesExtension(uri("spiffe://10.1.2.3/a"))),
  ],
  "one of the leaf's names is not permitted": [
    "does not permit",
    () => constrained(permits(uri("td")), namesExtension(uri("spiffe://td/a"), uri("spiffe://other/a"))),
  ],
  "an intermediate constrains a kind of name that is not supported": [
    "rfc822Name, which is not supported",
    () => constrained(permits(email), namesExtension(email)),
  ],
  "an intermediate permits only other subjects": [
    "intermediate 1 does not permit",
    () =>
      constrained(permits(encode(constructedTag(4), names.inner)), undefined, nameOf(oid.commonName, "x")),
  ],
  "an intermediate permits only a suffix of a label of the domain": [
    "does not permit",
    () => constrained(permits(dns("a.test")), namesExtension(dns("ba.test"))),
  ],
  "the leaf's address is not in the permitted network": [
    "does not permit",
    () => constrained(permits(address("0a000000ff000000")), namesExtension(address("0b000001"))),
  ],
  "the root excludes the subject of an intermediate": [
    "the root excludes a name below it",
    () => {
      const extensions = [caExtension(), certSign, constraints([], [encode(constructedTag(4), names.inner)])];
      return chain({ root: makeRoot({ extensions }) });
    },
  ],
  "the root constrains names": [
    "the root does not permit",
    () => chain({ root: makeRoot({ extensions: [caExtension(), certSign, permits(uri("other"))] }) }),
  ],
};

describe("verifyChain", () => {
  for (const [what, [rule, hostile]] of Object.entries(refused)) {
    it(`rejects a chain in which ${what}`, () => {
      const toVerify = hostile();
      assert.throws(() => verifyChain(toVerify), { code: "CHAIN_INVALID", message: new RegExp(rule) });
    });
  }

  it("accepts a leaf if every constrained name is permitted, even if a constrained kind is absent", () => {
    const permitted = [uri("other"), uri("TD"), dns("a.test"), address("0a000000ff000000"), email];
    const leafNames = [uri("spiffe://td/a"), dns("A.test"), dns("b.a.test"), address("0a010203")];
    verifyChain(constrained(permits(...permitted), namesExtension(...leafNames)));
    verifyChain(constrained(permits(uri(".mesh")), namesExtension(uri("spiffe://a.mesh/x"))));
    verifyChain(constrained(constraints([], [uri("other"), dns("")])));
  });

  it("accepts a chain in order, including at both ends of its validity", () => {
    verifyChain(chain());
    verifyChain(chain({ now: new Date("2026-01-01T00:00:00Z") }));
    verifyChain(chain({ now: new Date("2036-01-01T00:00:00Z") }));
    assert.throws(() => verifyChain(chain({ now: new Date("2036-01-01T00:00:00.001Z") })), {
      code: "CHAIN_INVALID",
    });
  });

  it("accepts a chain whose path lengths just suffice and whose CAs have no key usage", () => {
    const root = makeRoot({ extensions: [caExtension(2)] });
    const intermediates = [
      makeInner({ extensions: [caExtension(0)] }),
      makeOuter({ extensions: [caExtension(1)] }),
    ];
    assert.doesNotThrow(() => verifyChain(chain({ root, intermediates })));
  });

  it("finds the root among others, even next to a root of the same name that did not sign", () => {
    const namesake = makeRoot({ publicKey: keys.leaf.publicKey.spki });
    const unrelated = authority(keys.outer, "outer", "outer", {});
    for (const roots of [
      [namesake, unrelated, makeRoot()],
      [makeRoot(), unrelated, namesake],
    ]) {
      assert.doesNotThrow(() => verifyChain(chain({ bundle: TrustBundle.from(roots) })));
    }
  });

  it("rejects a forged authority beside the same authorities that verified before", () => {
    const [root, outer, inner] = [makeRoot(), makeOuter(), makeInner()];
    const namesake = makeRoot({ publicKey: keys.leaf.publicKey.spki });
    const forged = authority(keys.leaf, "outer", "inner", {});
    const other = (changes: { root?: Certificate; inner?: Certificate }) =>
      chain({ root, ...changes, intermediates: [changes.inner ?? inner, outer] });
    for (let round = 0; round < 2; round += 1) {
      assert.doesNotThrow(() => verifyChain(other({})));
      for (const changes of [{ inner: forged }, { root: namesake }])
        assert.throws(() => verifyChain(other(changes)), { code: "CHAIN_INVALID", message: /did not sign/ });
    }
  });

  it("accepts a chain that ends with the root itself, which some authorities send", () => {
    const root = makeRoot({ extensions: [caExtension(2), certSign] });
    assert.doesNotThrow(() => verifyChain(chain({ root, intermediates: [makeInner(), makeOuter(), root] })));
  });
});
