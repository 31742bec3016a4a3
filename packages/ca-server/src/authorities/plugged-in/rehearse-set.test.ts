import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, type RecordingLogger, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, openOnDisk, testRehearsal } from "../authorities-on-disk.fixture.ts";
import type { Rehearse } from "../rehearsal/candidate.ts";
import { caExtensions, now, OpensslHome } from "./openssl-home.fixture.ts";
import { PluggedInSource } from "./source.ts";

const dnsOnly = `${caExtensions}nameConstraints=critical,permitted;DNS:example.com\n`;
const acceptAll: Rehearse = async () => [];

describe("Rehearsal of a plugged-in CA", () => {
  let home: OpensslHome;
  let ca: AuthoritiesOnDisk;
  let logger: RecordingLogger;
  let states = 0;
  const clock = new FakeClock(now);

  before(async () => {
    home = await OpensslHome.create();
    await home.createIntermediate("second", "root");
    await home.createIntermediate("dns-only", "root", { extensions: dnsOnly });
  });
  after(() => home.remove());

  async function open(rehearse?: Rehearse): Promise<PluggedInSource> {
    states += 1;
    const path = home.path(`state-${states}`);
    const given = rehearse === undefined ? {} : { rehearse };
    ca = await openOnDisk({ path, clock, pluggedInDirectory: home.directory, ...given });
    return source();
  }
  function source(rehearse = testRehearsal(clock)): PluggedInSource {
    logger = recordingLogger();
    return new PluggedInSource({
      directory: home.directory,
      trustDomain: parseTrustDomain("cluster.local"),
      passphrase: undefined,
      keeper: ca.keeper,
      keys: ca.keys,
      onPrepared: () => ca.driver.look(false),
      rehearse,
      clock,
      logger,
    });
  }

  it("refuses to start a new CA with a set that the CA's own serving certificate violates", async () => {
    await home.plugIn("dns-only", "root");
    const { message } = await rejectsWithCode(open(), "REHEARSAL_FAILED");
    assert.match(
      message,
      /the CA's serving certificate: ca-cert\.pem \(O=test, CN=dns-only\) does not permit/,
    );
  });

  it("keeps the set in use if its successor fails, and takes the next one that works", async () => {
    await home.plugIn("good", "root");
    const watched = await open();
    await home.plugIn("dns-only", "root");
    await rejectsWithCode(watched.take(), "REHEARSAL_FAILED");
    assert.equal(ca.keeper.state.signerId, "intermediate-1");
    await home.plugIn("second", "root");
    await watched.take();
    await ca.driver.look(false);
    assert.equal(ca.keeper.state.rotation?.to ?? ca.keeper.state.signerId, "intermediate-2");
  });

  it("goes on with a set that an earlier release accepted, reports it, and lets its successor in", async () => {
    await home.plugIn("dns-only", "root");
    await open(acceptAll);
    const watched = source();
    const { message } = await rejectsWithCode(watched.take(), "REHEARSAL_FAILED");
    assert.match(message, /^the CA in use stays in use, but would be refused if it were new: .*localhost/);
    assert.equal(ca.keeper.activeIssuer(now).authorityId, "intermediate-1");
    await home.plugIn("good", "root");
    await watched.take();
    assert.equal(ca.keeper.state.rotation?.to ?? ca.keeper.state.signerId, "intermediate-2");
  });

  it("refuses a root file under which clients would reject the CA in use", async () => {
    const anonymous = ["-subj", "/O=twins", "-set_serial", "7", "-addext", "subjectKeyIdentifier=none"];
    home.createRoot("twin", { more: [...anonymous, "-addext", "authorityKeyIdentifier=none"] });
    home.createRoot("unrelated", { more: [...anonymous, "-addext", "authorityKeyIdentifier=none"] });
    await home.createIntermediate("under-twin", "twin");
    await home.plugIn("under-twin", "twin");
    const watched = await open();
    await home.write("root-cert.pem", "unrelated", "twin");
    const { message } = await rejectsWithCode(watched.take(), "REHEARSAL_FAILED");
    assert.match(message, /root-cert\.pem \(O=twins\) has the same name as the root with SHA-256/);
  });

  it("logs once, and keeps as a warning, what only some clients reject", async () => {
    const bare =
      "basicConstraints=CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
    await home.createIntermediate("lenient", "root", { extensions: bare });
    await home.plugIn("lenient", "root");
    const watched = await open();
    await watched.take();
    await watched.take();
    assert.match(watched.warnings()[0] ?? "", /^strict-x509: ca-cert\.pem \(O=test, CN=lenient\) has basic/);
    assert.equal(logger.named("some clients reject the plugged-in CA").length, 1);
  });
});
