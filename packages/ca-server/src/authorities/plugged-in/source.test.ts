import assert from "node:assert/strict";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, createSerial, type KeyPair, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import { FakeClock, recordingLogger, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { PluggedInSource } from "./source.ts";

const writer = createCertificateWriter();
const trustDomain = parseTrustDomain("cluster.local");
const start = new Date("2030-01-01T00:00:00Z");
const validity = (days: number) => ({
  notBefore: new Date(start.getTime() - dayMs),
  notAfter: new Date(start.getTime() + days * dayMs),
});

async function createRoot(organization: string, key?: Signer["signingKey"], days = 3000): Promise<Signer> {
  const signingKey = key ?? (await createKeyPair("P-256"));
  const template = { serial: createSerial(), validity: validity(days), organization };
  return { signingKey, certificate: await writer.writeRoot(template, signingKey) };
}

async function createIntermediate(root: Signer, commonName: string, days = 300) {
  const keyPair: KeyPair = await createKeyPair("P-256");
  const names = { organization: "operator", commonName };
  const template = {
    serial: createSerial(),
    validity: validity(days),
    publicKey: keyPair.publicKey,
    ...names,
  };
  return { keyPair, certificate: await writer.writeIntermediate(template, root) };
}

describe("PluggedInSource", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;
  let first: Signer;
  let second: Signer;
  let source: PluggedInSource;

  before(async () => {
    [first, second] = await Promise.all([createRoot("first"), createRoot("second")]);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(start);
    await mkdir(directory.join("cacerts"));
    await install(await createIntermediate(first, "one", 30), [first]);
    ca = await openOnDisk({
      path: directory.join("ca"),
      clock,
      pluggedInDirectory: directory.join("cacerts"),
    });
    source = createSource();
  });
  afterEach(async () => {
    await source.stop();
    await directory.remove();
  });

  const createSource = () =>
    new PluggedInSource({
      directory: directory.join("cacerts"),
      trustDomain,
      passphrase: undefined,
      keeper: ca.keeper,
      keys: ca.keys,
      onPrepared: () => ca.driver.look(false),
      clock,
      logger: recordingLogger(),
    });

  async function install(
    set: Awaited<ReturnType<typeof createIntermediate>>,
    roots: readonly Signer[],
  ): Promise<void> {
    const home = directory.join("cacerts");
    await writeFile(join(home, "ca-key.pem"), set.keyPair.toPkcs8Pem(), { mode: 0o600 });
    await writeFile(join(home, "ca-cert.pem"), set.certificate.toPem());
    await writeFile(join(home, "cert-chain.pem"), "");
    await writeFile(
      join(home, "root-cert.pem"),
      roots.map(({ certificate }) => certificate.toPem()).join(""),
    );
  }
  const signer = () => ca.keeper.state.signerId;
  const issue = () =>
    ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
  const trusts = (root: Signer) => ca.keeper.trustBundle().contains(root.certificate);

  it("rejects a set with a new root but without the old one, and keeps the authority in use", async () => {
    await install(await createIntermediate(second, "foreign"), [second]);
    await assert.rejects(source.take(), { code: "PLUGGED_IN_REJECTED" });
    assert.equal(signer(), "intermediate-1");
    assert.ok(!trusts(second));
  });

  it("keeps the authority in use while the set is incomplete, damaged or missing", async () => {
    const home = directory.join("cacerts");
    await rename(join(home, "ca-key.pem"), join(home, "away"));
    await assert.rejects(source.take(), { code: "PLUGGED_IN_INCOMPLETE" });
    await copyFile(join(home, "root-cert.pem"), join(home, "ca-key.pem"));
    await assert.rejects(source.take(), { code: /AUTHORITY_KEY_EXPOSED|PLUGGED_IN_REJECTED/ });
    await rm(home, { recursive: true });
    await assert.rejects(source.take(), { code: "PLUGGED_IN_INCOMPLETE" });
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
  });

  it("lets a second set wait while the rotation to the first one is in progress", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    await install(await createIntermediate(second, "three"), [first, second]);
    await assert.rejects(source.take(), { code: "OPERATION_REFUSED" });
    assert.equal(source.problem, undefined);
  });

  it("does not adopt a set again that the operator aborted, until its files change", async () => {
    await issue();
    await install(await createIntermediate(first, "two"), [first]);
    await source.take();
    await ca.driver.abort({});
    await source.take();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
    clock.jump(2 * dayMs);
    await ca.driver.look(false);
    await install(await createIntermediate(first, "three"), [first]);
    await source.take();
    assert.equal(signer(), "intermediate-3");
  });

  it("adopts a new intermediate under the same root immediately, and retires the old one after its last leaf", async () => {
    await issue();
    await install(await createIntermediate(first, "two"), [first]);
    await source.take();
    assert.equal(signer(), "intermediate-2");
    for (let i = 0; i < 3; i++) {
      clock.jump(2 * dayMs);
      await ca.driver.look(false);
    }
    const stages = ca.keeper.state.authorities.map(({ id, stage }) => [id, stage]);
    assert.deepEqual(stages, [
      ["root-1", "active"],
      ["intermediate-1", "retired"],
      ["intermediate-2", "active"],
    ]);
  });

  it("moves to a new root in stages, and afterwards trusts the roots in the file", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    assert.deepEqual([signer(), trusts(first), trusts(second)], ["intermediate-1", true, true]);
    for (let i = 0; i < 4; i++) {
      clock.jump(2 * dayMs);
      await ca.driver.look(false);
    }
    assert.deepEqual(
      [signer(), trusts(first)],
      ["intermediate-2", true],
      "the file still contains the old root",
    );
    await writeFile(join(directory.join("cacerts"), "root-cert.pem"), second.certificate.toPem());
    await source.take();
    assert.deepEqual([trusts(first), trusts(second)], [false, true]);
  });

  it("moves in stages to a root that was reissued with its key, and then drops the old one", async () => {
    await issue();
    const renewed = await createRoot("first", first.signingKey, 6000);
    const home = directory.join("cacerts");
    await writeFile(join(home, "root-cert.pem"), first.certificate.toPem() + renewed.certificate.toPem());
    await source.take();
    assert.deepEqual([signer(), trusts(first), trusts(renewed)], ["intermediate-1", true, true]);
    for (let i = 0; i < 4; i++) {
      clock.jump(2 * dayMs);
      await ca.driver.look(false);
    }
    await writeFile(join(home, "root-cert.pem"), renewed.certificate.toPem());
    await source.take();
    assert.deepEqual([signer(), trusts(first), trusts(renewed)], ["intermediate-2", false, true]);
    await issue();
  });

  it("keeps signing with a copy of the old set after a restart in the middle of a move", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    ca = await openOnDisk({
      path: directory.join("ca"),
      clock,
      pluggedInDirectory: directory.join("cacerts"),
    });
    source = createSource();
    await source.take();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
  });

  it("adopts at start-up a set that arrived while the CA was off and the old one expired", async () => {
    clock.jump(40 * dayMs);
    await install(await createIntermediate(first, "two"), [first]);
    ca = await openOnDisk({
      path: directory.join("ca"),
      clock,
      pluggedInDirectory: directory.join("cacerts"),
    });
    source = createSource();
    assert.throws(() => ca.keeper.servingIssuer(clock.now()), { code: "ISSUER_UNAVAILABLE" });
    await source.start();
    assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-2");
  });
});
