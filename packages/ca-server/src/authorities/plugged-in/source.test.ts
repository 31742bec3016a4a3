import assert from "node:assert/strict";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, createSerial, type KeyPair, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import {
  createOddCertificate,
  FakeClock,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSeen,
} from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk, testRehearsal } from "../authorities-on-disk.fixture.ts";
import { advance } from "../rotation/rotation.ts";
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
  let third: Signer;
  let source: PluggedInSource;

  before(async () => {
    [first, second] = await Promise.all([createRoot("first"), createRoot("second")]);
    third = await createRoot("third");
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
      rehearse: testRehearsal(clock),
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
  const issue = (ms = dayMs) =>
    ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + ms));
  const stages = () => ca.keeper.state.authorities.map(({ id, stage }) => [id, stage] as const);
  const warning = () => source.warnings().join();
  const pass = async (ms: number) => {
    clock.jump(ms);
    await ca.driver.look(false);
  };
  /** Takes the set in the directory, and looks until the new intermediate signs. */
  const takeNow = async () => {
    await source.take();
    for (let looks = 0; looks < 2; looks++) await ca.driver.look(false);
  };
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
    await source.take();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
  });

  it("warns with the age of its copy when the directory vanishes, even after a restart, until the files return", async () => {
    const home = directory.join("cacerts");
    await source.take();
    assert.deepEqual(source.warnings(), []);
    await rename(home, directory.join("away"));
    clock.jump(3 * dayMs);
    await source.take();
    const warning = () => source.warnings().join();
    assert.match(warning(), /cacerts does not exist: .* its copy of intermediate-1, which is 3 days old/);
    await mkdir(home);
    await writeFile(join(home, "ca_cert.pem"), "");
    await source.take();
    assert.match(warning(), /contains only ca_cert\.pem: .* 3 days old/);
    clock.jump(dayMs);
    source = createSource();
    await source.start();
    assert.match(warning(), /4 days old: correct the path or the mount/);
    await source.stop();
    await rm(home, { recursive: true });
    await rename(directory.join("away"), home);
    await source.take();
    assert.deepEqual(source.warnings(), []);
  });

  it("keeps the readable roots beside odd ones, skips the others with a warning, and counts them", async () => {
    const odd = createOddCertificate({ commonName: "odd", key: "P-521" });
    const broken = createOddCertificate({ commonName: "broken", key: "ml-dsa-44" });
    const file = join(directory.join("cacerts"), "root-cert.pem");
    await writeFile(file, `${odd.pem}${broken.pem}${first.certificate.toPem()}`);
    await source.take();
    const roots = ca.keeper.trustBundle().roots;
    assert.deepEqual(
      roots.map(({ publicKey }) => publicKey.type),
      ["P-256", "P-521"],
    );
    assert.equal(source.skippedRoots, 1);
    assert.match(source.warnings().join(), /a root in .*cacerts is not used: block 2 \(line \d+, SHA-256/);
    await writeFile(file, first.certificate.toPem());
    await source.take();
    assert.deepEqual([source.skippedRoots, source.warnings()], [0, []]);
    assert.equal(ca.keeper.trustBundle().roots.length, 1);
  });

  it("adds the roots that an earlier release left out of the same files", async () => {
    const odd = createOddCertificate({ commonName: "odd", key: "ed25519" });
    const file = join(directory.join("cacerts"), "root-cert.pem");
    await writeFile(file, first.certificate.toPem() + odd.pem);
    await source.take();
    await ca.keeper.transition((state) => ({ ...state, epoch: state.epoch + 1, extraRoots: [] }));
    assert.equal(ca.keeper.trustBundle().roots.length, 1);
    await source.take();
    assert.equal(ca.keeper.trustBundle().roots.length, 2);
    const { epoch } = ca.keeper.state;
    await source.take();
    assert.equal(ca.keeper.state.epoch, epoch);
  });

  it("lets a set with a third root wait while the rotation to the second is in progress, and warns meanwhile", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    assert.match(warning(), /another CA .* than intermediate-1 .*the rotation to intermediate-2 is in stage/);
    await install(await createIntermediate(third, "three"), [first, second, third]);
    await assert.rejects(source.take(), { code: "OPERATION_REFUSED" });
    assert.match(warning(), /waiting for the end of the rotation/);
  });

  it("forgets why a set was rejected as soon as a valid one waits for its turn", async () => {
    const warned = (pattern: RegExp) =>
      untilSeen(`warning ${pattern}`, 10_000, async () => {
        await clock.advance(6_000);
        return pattern.test(warning()) || undefined;
      });
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    await install(await createIntermediate(third, "alone"), [third]);
    await source.start();
    await warned(/^cannot use the CA in .*: its root is new .* does not contain the root in use/);
    await install(await createIntermediate(third, "three"), [first, second, third]);
    await warned(/waiting for the end of the rotation/);
  });

  it("takes a second intermediate under the new root while that root is being distributed", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    const { leavesUntil } = ca.keeper.state.rotation ?? {};
    await install(await createIntermediate(second, "three"), [first, second]);
    await source.take();
    const { rotation } = ca.keeper.state;
    assert.deepEqual(
      [rotation?.stage, rotation?.to, rotation?.leavesUntil],
      ["distributed", "intermediate-3", leavesUntil],
    );
    assert.deepEqual(stages(), [
      ["root-1", "active"],
      ["intermediate-1", "active"],
      ["root-2", "distributed"],
      ["intermediate-2", "retired"],
      ["intermediate-3", "distributed"],
    ]);
    for (let i = 0; i < 4; i++) await pass(2 * dayMs);
    assert.equal(signer(), "intermediate-3");
    assert.deepEqual(source.warnings(), []);
  });

  it("takes a second intermediate under the old root at once while the new root is being distributed", async () => {
    await issue();
    await install(await createIntermediate(second, "two"), [first, second]);
    await source.take();
    await install(await createIntermediate(first, "replacement"), [first, second]);
    await source.take();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-3");
    assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-3");
    assert.deepEqual(stages(), [
      ["root-1", "active"],
      ["intermediate-1", "retiring"],
      ["root-2", "distributed"],
      ["intermediate-2", "distributed"],
      ["intermediate-3", "active"],
    ]);
    assert.match(
      warning(),
      /hold intermediate-3, but a rotation to intermediate-2 .* is in progress: abort it/,
    );
    await ca.driver.abort({});
    assert.deepEqual(source.warnings(), []);
  });

  for (const stage of ["active", "retiring"] as const) {
    it(`takes a second intermediate at once while the rotation from the first is ${stage}, and retires each after its own last leaf`, async () => {
      await issue(30 * dayMs);
      await install(await createIntermediate(first, "two"), [first]);
      await takeNow();
      await issue();
      if (stage === "retiring") await ca.keeper.transition((state) => advance(state, clock.now()));
      assert.equal(ca.keeper.state.rotation?.stage, stage);
      await install(await createIntermediate(first, "three"), [first]);
      await takeNow();
      assert.deepEqual([signer(), source.warnings()], ["intermediate-3", []]);
      await issue(3 * dayMs);
      await install(await createIntermediate(first, "four"), [first]);
      await takeNow();
      assert.equal(signer(), "intermediate-4");
      const known = ca.keeper.knownChains().flatMap(([one]) => one?.fingerprint ?? []);
      assert.equal(known.length, 4, "clients with a leaf of any of them are still known");
      const retired = () => stages().flatMap(([id, each]) => (each === "retired" ? id : []));
      await pass(2 * dayMs);
      assert.deepEqual(retired(), ["intermediate-2"]);
      await pass(3 * dayMs);
      assert.deepEqual(
        retired(),
        ["intermediate-2"],
        "intermediate-1 has the rotation's own leaves to wait for",
      );
      for (let i = 0; i < 5; i++) await pass(20 * dayMs);
      assert.deepEqual(retired(), ["intermediate-1", "intermediate-2", "intermediate-3"]);
    });
  }

  it("returns to the first intermediate when its files come back", async () => {
    const one = await createIntermediate(first, "one again", 30);
    await install(one, [first]);
    await takeNow();
    await issue();
    await install(await createIntermediate(first, "mistake"), [first]);
    await takeNow();
    await issue();
    await install(one, [first]);
    await takeNow();
    const { certificate } = ca.keeper.activeIssuer(clock.now());
    assert.equal(certificate.fingerprint, one.certificate.fingerprint);
    assert.deepEqual(source.warnings(), []);
  });

  it("does not adopt a set again that the operator aborted, until its files change", async () => {
    await issue();
    await install(await createIntermediate(first, "two"), [first]);
    await source.take();
    await ca.driver.abort({});
    await source.take();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
    assert.match(warning(), /the operator returned to it/);
    clock.jump(2 * dayMs);
    await ca.driver.look(false);
    await install(await createIntermediate(first, "three"), [first]);
    await takeNow();
    assert.equal(signer(), "intermediate-3");
  });

  it("adopts a new intermediate under the same root immediately, and retires the old one after its last leaf", async () => {
    await issue();
    await install(await createIntermediate(first, "two"), [first]);
    await takeNow();
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
