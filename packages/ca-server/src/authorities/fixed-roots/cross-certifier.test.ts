import assert from "node:assert/strict";
import { createKeyPair, createSerial, leafValidity, TrustBundle } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { rootOf } from "../rotation/authority-state.ts";
import { handshake } from "./handshake.fixture.ts";

describe("CrossCertifier", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    // Node verifies chains at the real time.
    clock = new FakeClock(new Date());
    await open();
  });
  afterEach(() => directory.remove());

  const open = async () => {
    ca = await openOnDisk({ path: directory.path, clock });
  };
  const signingRoot = () => rootOf(ca.keeper.state, ca.keeper.state.signerId).certificate;
  const crosses = () =>
    ca.keeper.state.crossCertificates.map(({ issuerId, subjectId }) => `${subjectId} by ${issuerId}`);

  async function complete(): Promise<void> {
    for (let looks = 0; looks < 5; looks++) await ca.driver.look(false);
    assert.equal(ca.keeper.state.rotation, undefined);
  }

  /** Rotates the root. Without leaves, each look ends a stage. */
  async function rotate(): Promise<void> {
    await ca.driver.rotate("root");
    await complete();
  }

  /** Returns the error of a TLS client that holds only these roots; undefined if it accepts the CA. */
  async function connectHolding(...roots: Parameters<typeof TrustBundle.from>[0]) {
    const now = clock.now();
    const issuer = ca.keeper.servingIssuer(now);
    const { publicKey, ...keyPair } = await createKeyPair("P-256").then((pair) => ({
      publicKey: pair.publicKey,
      pem: pair.toPkcs8Pem(),
    }));
    const validity = leafValidity({ now, ttlMs: dayMs, issuerNotAfter: issuer.latestLeafExpiry });
    const subjectAltNames = [{ kind: "dns", value: "localhost" } as const];
    const leaf = await createCertificateWriter().writeLeaf(
      { serial: createSerial(), validity, publicKey, subjectAltNames },
      issuer,
    );
    const chain = [leaf, ...issuer.intermediates, ...issuer.crossCertificates];
    const cert = chain.map((each) => each.toPem()).join("");
    return handshake({ cert, key: keyPair.pem }, { ca: TrustBundle.from(roots).toPem() });
  }

  it("lets clients that hold any of three successive roots, alone or together, accept the CA", async () => {
    const first = signingRoot();
    await rotate();
    const second = signingRoot();
    await rotate();
    const third = signingRoot();
    assert.deepEqual(crosses(), ["root-2 by root-1", "root-3 by root-2"]);
    for (const roots of [[first], [second], [third], [first, third], [third, first], [second, first]]) {
      assert.equal(await connectHolding(...roots), undefined);
    }
  });

  it("does not let clients of a distrusted root accept the CA, whichever of the roots it is", async () => {
    const first = signingRoot();
    await rotate();
    const second = signingRoot();
    await rotate();
    await ca.compromise.distrust("root-1");
    assert.deepEqual(crosses(), ["root-3 by root-2"]);
    assert.equal(await connectHolding(first), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert.equal(await connectHolding(second), undefined);
    await ca.compromise.distrust("root-2");
    assert.deepEqual(crosses(), []);
    assert.equal(await connectHolding(second), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert.equal(await connectHolding(signingRoot()), undefined);
  });

  it("certifies no successor of a signing root that is distrusted", async () => {
    const first = signingRoot();
    await ca.compromise.distrust("root-1");
    await complete();
    assert.deepEqual(crosses(), []);
    assert.equal(await connectHolding(first), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert.equal(await connectHolding(signingRoot()), undefined);
  });

  it("never adds a cross-certificate to a trust bundle or to the chain of a workload", async () => {
    await rotate();
    const [cross] = ca.keeper.state.crossCertificates;
    assert.ok(cross);
    assert.equal(ca.keeper.trustBundle().contains(cross.certificate), false);
    assert.deepEqual(
      ca.keeper.activeIssuer(clock.now()).intermediates.map(({ fingerprint }) => fingerprint),
      [ca.keeper.activeIssuer(clock.now()).certificate.fingerprint],
    );
    assert.ok(ca.keeper.knownChains().every((chain) => !chain.some((one) => one.equals(cross.certificate))));
  });

  it("creates the cross-certificate before the first stage, and no other one after a restart", async () => {
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await ca.driver.rotate("root");
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    const [cross] = ca.keeper.state.crossCertificates;
    await open();
    await ca.driver.look(true);
    assert.deepEqual(
      ca.keeper.state.crossCertificates.map(({ certificate }) => certificate.fingerprint),
      [cross?.certificate.fingerprint],
    );
  });

  it("creates the missing cross-certificate of a rotation that an earlier release has started", async () => {
    const first = signingRoot();
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await ca.driver.rotate("root");
    await ca.keeper.transition((state) => ({ ...state, crossCertificates: [] }));
    await open();
    await ca.driver.look(false);
    assert.deepEqual(crosses(), ["root-2 by root-1"]);
    clock.jump(30 * 3_600_000);
    await complete();
    const { crossCertificates } = ca.keeper.servingIssuer(clock.now());
    assert.ok(crossCertificates[0]?.isIssuedBy(first));
  });

  it("certifies a recalled root by the root that replaced it, and serves both directions in no loop", async () => {
    const first = signingRoot();
    await rotate();
    const second = signingRoot();
    await ca.driver.recall("root-1");
    await complete();
    assert.ok(signingRoot().equals(first));
    assert.deepEqual(crosses(), ["root-2 by root-1", "root-1 by root-2"]);
    assert.equal(ca.keeper.servingIssuer(clock.now()).crossCertificates.length, 1);
    for (const root of [first, second]) assert.equal(await connectHolding(root), undefined);
  });

  it("serves no cross-certificate of an expired root, and forgets it", async () => {
    const first = signingRoot();
    clock.jump(300 * dayMs);
    await ca.driver.look(true);
    await rotate();
    const untilMs = first.notAfter.getTime() - 1;
    while (clock.now().getTime() < untilMs) {
      clock.jump(Math.min(100 * dayMs, untilMs - clock.now().getTime()));
      for (let looks = 0; looks < 5; looks++) await ca.driver.look(true);
    }
    const served = () => ca.keeper.servingIssuer(clock.now()).crossCertificates;
    assert.ok(served().some((one) => one.isIssuedBy(first)));
    clock.jump(1);
    assert.ok(served().length > 0 && !served().some((one) => one.isIssuedBy(first)));
    await ca.driver.look(false);
    assert.deepEqual(crosses(), ["root-2 by root-1", "root-3 by root-2"]);
    clock.jump(30 * dayMs);
    await ca.driver.look(false);
    assert.deepEqual(crosses(), ["root-3 by root-2"]);
  });

  it("holds the rotation while the old root's key cannot be used", async () => {
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    const { certifier } = ca.keys;
    ca.keys.certifier = (authority) => ({
      ...certifier.call(ca.keys, authority),
      ...(authority.id === "root-1" ? { sign: () => Promise.reject(new Error("no such key")) } : {}),
    });
    await ca.driver.rotate("root");
    assert.equal(ca.keeper.state.rotation?.stage, "prepared");
    ca.keys.certifier = certifier;
    await ca.driver.look(false);
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    assert.deepEqual(crosses(), ["root-2 by root-1"]);
  });
});
