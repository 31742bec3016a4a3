import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import {
  FakeClock,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { now, OpensslHome } from "../plugged-in/openssl-home.fixture.ts";
import { PluggedInSource } from "../plugged-in/source.ts";
import { authorityOf } from "../rotation/authority-state.ts";

describe("Distrusting a plugged-in authority", () => {
  let home: OpensslHome;
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;
  let source: PluggedInSource;

  beforeEach(async () => {
    home = await OpensslHome.create();
    directory = await temporaryDirectory();
    clock = new FakeClock(now);
    await home.plugIn("good", "root");
    ca = await openOnDisk({ path: directory.path, clock, pluggedInDirectory: home.directory });
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + dayMs));
    source = new PluggedInSource({
      directory: home.directory,
      trustDomain: parseTrustDomain("cluster.local"),
      passphrase: undefined,
      keeper: ca.keeper,
      keys: ca.keys,
      onPrepared: () => ca.driver.look(false),
      rehearse: async () => [],
      clock,
      logger: recordingLogger(),
    });
  });
  afterEach(async () => {
    await source.stop();
    await directory.remove();
    await home.remove();
  });

  const signer = () => ca.keeper.activeIssuer(clock.now()).authorityId;

  it("is refused while nothing else may sign, and the refusal says where to put the successor", async () => {
    const intermediate = await rejectsWithCode(ca.compromise.distrust("intermediate-1"), "OPERATION_REFUSED");
    assert.match(intermediate.message, /another intermediate under the same root/);
    const root = await rejectsWithCode(ca.compromise.previewDistrust("root-1"), "OPERATION_REFUSED");
    assert.match(
      root.message,
      /under another root, with both roots in root-cert\.pem\); .* run this command again/,
    );
    assert.equal(signer(), "intermediate-1");
  });

  it("is refused for the adopted signer of a CSR with the commands that create its successor", async () => {
    const adopted = <T>(one: T) => ({ ...one, byRequest: true });
    await ca.keeper.transition((state) => ({ ...state, authorities: state.authorities.map(adopted) }));
    const intermediate = await rejectsWithCode(ca.compromise.distrust("intermediate-1"), "OPERATION_REFUSED");
    assert.match(
      intermediate.message,
      /signed by your PKI, .* run kasbah authority csr, have the CSR signed under the same root, and run kasbah authority adopt; /,
    );
    const root = await rejectsWithCode(ca.compromise.previewDistrust("root-1"), "OPERATION_REFUSED");
    assert.match(root.message, /signed under another root/);
    for (const { message } of [intermediate, root]) assert.doesNotMatch(message, /--root-ca-dir/);
  });

  it("works for an intermediate as soon as another set under the same root is in the directory", async () => {
    await home.createIntermediate("next", "root");
    await home.plugIn("next", "root");
    await source.take();
    await ca.compromise.distrust("intermediate-1");
    assert.equal(signer(), "intermediate-2");
    assert.equal(ca.keeper.state.rotation, undefined);
  });

  it("works for a root as soon as a set under another root is distributed, which then signs at once", async () => {
    await home.createIntermediate("next", "other");
    await home.plugIn("next", "root", "other");
    await source.take();
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    await ca.compromise.distrust("root-1");
    assert.equal(signer(), "intermediate-2");
    const { certificate } = authorityOf(ca.keeper.state, "root-1");
    assert.ok(!ca.keeper.trustBundle().contains(certificate), "although root-cert.pem still contains it");
    await source.take();
    assert.equal(ca.keeper.trustBundle().roots.length, 1);
  });

  it("keeps the CA from adopting a set with a distrusted key again, even under another certificate", async () => {
    await home.createIntermediate("next", "other");
    await home.plugIn("next", "root", "other");
    await source.take();
    await ca.compromise.distrust("root-1");
    await home.plugIn("good", "root", "other");
    const error = await rejectsWithCode(source.take(), "PLUGGED_IN_REJECTED");
    assert.match(error.message, /contains the key of root-1, which an operator distrusted/);
    await home.certify("good", "other", { saveAs: "crossed" });
    home.openssl("pkey", "-in", "good.key", "-out", "crossed.key");
    await home.plugIn("crossed", "other");
    await rejectsWithCode(source.take(), "PLUGGED_IN_REJECTED");
    assert.equal(signer(), "intermediate-2");
  });
});
