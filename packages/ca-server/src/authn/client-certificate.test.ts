import assert from "node:assert/strict";
import {
  type Certificate,
  createKeyPair,
  createSerial,
  createWorkloadSerial,
  type KeyPair,
  parseTrustDomain,
  TrustBundle,
  tokenProofTime,
} from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import {
  createTestAuthority,
  FakeClock,
  forgeCertificate,
  type TestAuthority,
  throwsWithCode,
} from "@kasbah/testkit";
import { ClientCertificateAuthenticator } from "./client-certificate.ts";

const writer = createCertificateWriter();
const start = new Date("2030-01-01T00:00:00Z");
const hourMs = 3_600_000;
const maxRenewalAgeMs = 168 * hourMs;
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const rejected = "CLIENT_CERTIFICATE_REJECTED";
const [podMark, goneMark] = ["0123456789abcdef", "fedcba9876543210"];
const [issuerMark, removedMark] = ["0123456789", "9876543210"];
const later = (ms: number) => new Date(start.getTime() + ms);

describe("ClientCertificateAuthenticator", () => {
  let root: TestAuthority;
  let keyPair: KeyPair;
  let clock: FakeClock;
  let trustBundle: () => TrustBundle;
  let chains: readonly (readonly Certificate[])[];
  let distrusted: string[];
  let authenticator: ClientCertificateAuthenticator;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    keyPair = await createKeyPair("P-256");
  });

  beforeEach(() => {
    clock = new FakeClock(start);
    trust(root);
    chains = [[]];
    distrusted = [];
    authenticator = new ClientCertificateAuthenticator({
      authorities: {
        trustBundle: () => trustBundle(),
        knownChains: () => chains,
        isDistrusted: (certificate) => distrusted.includes(certificate.fingerprint),
      },
      trustDomain: parseTrustDomain("cluster.local"),
      maxRenewalAgeMs,
      marks: {
        isGone: (mark, provenAt) => mark === goneMark && provenAt.getTime() === start.getTime(),
        issuerOf: (mark) => (mark === podMark ? "https://cluster.test" : undefined),
      },
      issuerMarks: { issuerOf: (mark) => (mark === issuerMark ? "https://issuer.test" : undefined) },
      clock,
    });
  });

  interface Leaf {
    readonly issuer: Signer;
    readonly uri: string;
    readonly provenAt: Date;
    readonly mark: string | undefined;
    readonly notAfter: Date;
  }

  function leafWith(changes: Partial<Leaf> = {}): Promise<Certificate> {
    const { issuer = root, uri = frontend, provenAt = start, notAfter = later(hourMs), mark } = changes;
    const validity = { notBefore: later(-120_000), notAfter };
    const subjectAltNames = [{ kind: "uri", value: uri } as const];
    const serial = createWorkloadSerial(provenAt, mark);
    return writer.writeLeaf({ serial, validity, publicKey: keyPair.publicKey, subjectAltNames }, issuer);
  }

  const authenticate = (...chain: readonly { readonly der: Uint8Array }[]) =>
    authenticator.authenticate({ authorization: [], peerCertificates: chain.map(({ der }) => der) });
  const refuses = (chain: readonly { readonly der: Uint8Array }[], message = /./) =>
    assert.match(throwsWithCode(() => authenticate(...chain), rejected).message, message);

  function trust(...roots: readonly Signer[]): void {
    const bundle = TrustBundle.from(roots.map(({ certificate }) => certificate));
    trustBundle = () => bundle;
  }

  async function createIntermediate(): Promise<Signer> {
    const signingKey = await createKeyPair("P-256");
    const { notBefore, notAfter } = root.certificate;
    const names = { organization: "cluster.local", commonName: "intermediate" };
    const { publicKey } = signingKey;
    const validity = { notBefore, notAfter };
    const template = { ...names, serial: createSerial(), validity, publicKey };
    return { certificate: await writer.writeIntermediate(template, root), signingKey };
  }

  it("authenticates a workload by its leaf, and reports the leaf and the time of the last token", async () => {
    const leaf = await leafWith();
    const { spiffeId, credential, ...rest } = authenticate(leaf);
    assert.equal(spiffeId.toString(), frontend);
    assert.deepEqual(credential, {
      kind: "client-certificate",
      serial: leaf.serial,
      fingerprint: leaf.fingerprint,
      tokenProvenAt: tokenProofTime(leaf.serial),
    });
    assert.deepEqual(rest, {}, "no pod and no node");
  });

  it("returns the mark of the leaf's pod, and refuses the leaf of a deleted pod", async () => {
    const caller = authenticate(await leafWith({ mark: podMark }));
    assert.deepEqual([caller.podMark, caller.credential.issuer], [podMark, "https://cluster.test"]);
    assert.equal(authenticate(await leafWith({ mark: "00000000000000ff" })).credential.issuer, undefined);
    const leaf = await leafWith({ mark: goneMark });
    throwsWithCode(() => authenticate(leaf), "CALLER_DELETED");
  });

  it("returns the issuer of the token that obtained the leaf, and refuses the leaf of a removed issuer", async () => {
    const caller = authenticate(await leafWith({ mark: issuerMark }));
    assert.deepEqual([caller.issuerMark, caller.credential.issuer], [issuerMark, "https://issuer.test"]);
    refuses([await leafWith({ mark: removedMark })], /issuer of the token .* is no longer configured/);
  });

  describe("ClientCertificateAuthenticator, at the time of each call", () => {
    it("accepts a leaf from its first to its last second", async () => {
      const leaf = await leafWith();
      clock.jump(hourMs);
      authenticate(leaf);
      clock.jump(1);
      refuses([leaf], /has expired/);
      clock.jump(-hourMs - 120_001);
      authenticate(leaf);
      clock.jump(-1);
      refuses([leaf], /does not chain to a trusted root/);
    });

    it("requires a token proof within the maximum renewal age, to the millisecond", async () => {
      const leaf = await leafWith({ notAfter: later(365 * 24 * hourMs) });
      clock.jump(maxRenewalAgeMs);
      authenticate(leaf);
      clock.jump(1);
      refuses([leaf], /no token has proven this identity recently enough/);
    });
  });

  describe("ClientCertificateAuthenticator, for the calls of one connection", () => {
    /** A connection presents the same array at each call. */
    async function connect(changes: Partial<Leaf> = {}) {
      const intermediate = await createIntermediate();
      chains = [[intermediate.certificate]];
      const leaf = await leafWith({ issuer: intermediate, ...changes });
      const peerCertificates = [leaf.der, intermediate.certificate.der];
      const call = () => authenticator.authenticate({ authorization: [], peerCertificates });
      assert.equal(call().spiffeId.toString(), frontend);
      assert.equal(call().spiffeId.toString(), frontend);
      const callRefused = (message: RegExp) => assert.match(throwsWithCode(call, rejected).message, message);
      return { callRefused, call, intermediate };
    }

    it("rejects a call after the certificate has expired", async () => {
      const { callRefused } = await connect();
      clock.jump(hourMs + 1);
      callRefused(/has expired/);
    });

    it("rejects a call after its root left the bundle, and accepts one after it returned", async () => {
      const { call, callRefused } = await connect();
      trust(await createTestAuthority("cluster.local"));
      callRefused(/does not chain to a trusted root/);
      trust(root);
      assert.ok(call());
    });

    it("rejects a call after the intermediate was declared compromised", async () => {
      const { callRefused, intermediate } = await connect();
      distrusted = [intermediate.certificate.fingerprint];
      chains = [];
      callRefused(/does not chain to a trusted root/);
    });

    it("rejects a call after the pod was deleted, and after the issuer of its token was removed", async () => {
      const gone = new Set<string | undefined>();
      const issuerOf = (mark: string | undefined) => (gone.has(mark) ? undefined : "https://issuer.test");
      authenticator = new ClientCertificateAuthenticator({
        authorities: {
          trustBundle: () => trustBundle(),
          knownChains: () => chains,
          isDistrusted: () => false,
        },
        ...{ trustDomain: parseTrustDomain("cluster.local"), maxRenewalAgeMs, clock },
        marks: { isGone: (mark) => gone.has(mark), issuerOf },
        issuerMarks: { issuerOf },
      });
      const [ofPod, ofIssuer] = [await connect({ mark: podMark }), await connect({ mark: issuerMark })];
      chains = [];
      gone.add(podMark).add(issuerMark);
      throwsWithCode(ofPod.call, "CALLER_DELETED");
      ofIssuer.callRefused(/no longer configured/);
    });

    it("rejects a call once no token has proven the name recently enough", async () => {
      const { callRefused } = await connect({ notAfter: later(365 * 24 * hourMs) });
      clock.jump(maxRenewalAgeMs + 1);
      callRefused(/no token has proven/);
    });
  });

  it("rejects a token proof that is later than the leaf, which this CA never issues", async () => {
    authenticate(await leafWith({ provenAt: later(0) }));
    refuses([await leafWith({ provenAt: later(300_000) })], /no token has proven/);
    clock.jump(hourMs / 2);
    refuses([await leafWith({ provenAt: later(300_000) })], /no token has proven/);
  });

  describe("ClientCertificateAuthenticator, building a path to a root", () => {
    it("builds a path from the certificates of the client and of the CA, and ignores unrelated ones", async () => {
      const intermediate = await createIntermediate();
      const stranger = await createTestAuthority("cluster.local");
      const leaf = await leafWith({ issuer: intermediate });
      refuses([leaf]);
      authenticate(leaf, intermediate.certificate);
      chains = [[], [intermediate.certificate]];
      authenticate(leaf);
      authenticate(leaf, stranger.certificate, root.certificate);
    });

    it("rejects a leaf of a distrusted intermediate whose root is still trusted", async () => {
      const intermediate = await createIntermediate();
      const leaf = await leafWith({ issuer: intermediate });
      authenticate(leaf, intermediate.certificate);
      distrusted = [intermediate.certificate.fingerprint];
      refuses([leaf, intermediate.certificate], /does not chain to a trusted root/);
    });

    it("accepts only a currently trusted root, and no root that the client merely sent", async () => {
      const old = await createTestAuthority("cluster.local");
      const leaf = await leafWith({ issuer: old });
      refuses([leaf, old.certificate]);
      trust(root, old);
      authenticate(leaf);
      trust(root);
      refuses([leaf]);
    });

    it("rejects more than five certificates, even if the first ones are valid", async () => {
      const leaf = await leafWith();
      const more = Array.from({ length: 5 }, () => root.certificate);
      authenticate(leaf, ...more.slice(1));
      refuses([leaf, ...more], /more than 5/);
      refuses([...Array.from({ length: 6 }, () => ({ der: Buffer.from("garbage") }))], /more than 5/);
    });
  });

  it("rejects anything but one certificate in canonical DER", async () => {
    const { der } = await leafWith();
    const trailing = { der: Buffer.concat([der, Buffer.of(0)]) };
    const halves = { der: der.subarray(0, der.length / 2) };
    for (const broken of [trailing, halves, { der: Buffer.alloc(0) }, { der: Buffer.from("garbage") }]) {
      refuses([broken], /cannot be parsed/);
      refuses([await leafWith(), broken], /cannot be parsed/);
    }
    refuses([], /no client certificate/);
  });

  it("rejects a leaf that is not valid for TLS clients", async () => {
    const [clientAuth, codeSigning] = ["2b06010505070302", "2b06010505070303"].map((hex) =>
      Buffer.from(hex, "hex"),
    );
    assert.ok(clientAuth && codeSigning);
    const forged = forgeCertificate(await leafWith(), root.keyPair, clientAuth, codeSigning);
    refuses([forged], /not valid for TLS clients/);
  });

  it("quotes the names of a leaf only if this CA issued it", async () => {
    const stranger = await createTestAuthority("cluster.local");
    const uri = "spiffe://other.local/ns/secret/sa/name";
    refuses([await leafWith({ uri })], /seen .*spiffe:\/\/other\.local\/ns\/secret\/sa\/name/);
    refuses([await leafWith({ uri, issuer: stranger })], /^(?!.*secret)/);
  });

  it("rethrows internal errors unchanged", async () => {
    const fault = new Error("the state is not loaded");
    const leaf = await leafWith();
    trustBundle = () => {
      throw fault;
    };
    assert.throws(() => authenticate(leaf), fault);
  });
});
