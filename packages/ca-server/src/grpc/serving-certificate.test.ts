import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type Certificate, createSerial, parsePrivateKey, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { createScheduler } from "@kasbah/runtime";
import type { ServingIdentity } from "@kasbah/runtime/grpc";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
  type TestAuthority,
} from "@kasbah/testkit";
import { servingNames } from "../config/serving-names.ts";
import { CaError } from "../errors.ts";
import { fixedIssuers } from "../issuance/fixed-issuers.fixture.ts";
import { ServingCertificate, type ServingIssuerSource } from "./serving-certificate.ts";

const halfDayMs = 12 * 3_600_000;
const ownSpiffeId = parseSpiffeId("spiffe://cluster.local/ns/kasbah-system/sa/kasbah");

describe("ServingCertificate", () => {
  let clock: FakeClock;
  let root: TestAuthority;
  let issuers: ServingIssuerSource;
  let serving: ServingCertificate;
  let heard: ServingIdentity[];
  let isDown: boolean;
  let logger: RecordingLogger;
  let recorded: Certificate[];
  let bundle: TrustBundle;

  beforeEach(async () => {
    clock = new FakeClock();
    isDown = false;
    logger = recordingLogger();
    recorded = [];
    heard = [];
    root = await createTestAuthority("cluster.local");
    const set = fixedIssuers(root);
    bundle = set.trustBundle();
    issuers = {
      servingIssuer: (now) => {
        if (isDown) throw new CaError("ISSUER_UNAVAILABLE", "down");
        return set.servingIssuer(now);
      },
      trustBundle: () => bundle,
    };
    serving = createServing({ asksClients: true });
    await serving.start();
    serving.onChange((identity) => heard.push(identity));
  });

  afterEach(() => serving.stop());

  const createServing = ({ asksClients }: { readonly asksClients: boolean }) =>
    new ServingCertificate({
      issuers,
      writer: createCertificateWriter(),
      newSerial: createSerial,
      log: {
        async record(certificate) {
          recorded.push(certificate);
        },
      },
      names: servingNames({ additional: ["ca.mesh.test", "10.1.2.3", "localhost"], ownSpiffeId }),
      asksClients,
      scheduler: createScheduler(clock, manualSweep().sweep),
      clock,
      logger,
    });

  const current = (from = serving): ServingIdentity => {
    const identity = from.current();
    assert.ok(identity);
    return identity;
  };

  const leafOf = ({ certificateChainPem }: ServingIdentity) => new X509Certificate(certificateChainPem);

  async function pass(ms: number, until: () => boolean): Promise<void> {
    await clock.runFor(ms);
    await eventually(until);
  }

  it("keeps the previous certificate if it cannot be renewed, and retries within a minute", async () => {
    const first = current();
    isDown = true;
    await pass(halfDayMs, () => clock.sleeping > 0);
    assert.equal(serving.current(), first);
    isDown = false;
    await pass(60_000, () => heard.length === 1);
    assert.notEqual(serving.current(), first);
  });

  it("renews the certificate with a new key after half of its lifetime, and not before", async () => {
    const first = current();
    await pass(halfDayMs - 1_000, () => clock.sleeping > 0);
    assert.equal(heard.length, 0);
    await pass(1_000, () => heard.length === 1);
    const [second] = heard;
    assert.ok(second);
    assert.equal(serving.current(), second);
    assert.notEqual(second.privateKeyPem, first.privateKeyPem);
    assert.notEqual(leafOf(second).serialNumber, leafOf(first).serialNumber);
    assert.equal(Date.parse(leafOf(second).validTo), clock.now().getTime() + 2 * halfDayMs);
  });

  it("renews a certificate that begins in the future after the clock was set back, and no other", async () => {
    serving.clockChanged();
    clock.jump(-60_000);
    serving.clockChanged();
    await pass(0, () => clock.sleeping > 0);
    assert.equal(heard.length, 0);
    clock.jump(-10 * 3_600_000);
    serving.clockChanged();
    await pass(0, () => heard.length === 1);
    assert.ok(Date.parse(leafOf(current()).validFrom) <= clock.now().getTime());
  });

  it("renews the certificate immediately when another authority must issue it", async () => {
    const first = current();
    serving.issuerChanged();
    await pass(0, () => heard.length === 1);
    assert.notEqual(serving.current(), first);
    assert.equal(heard.length, 1);
  });

  it("requests client certificates of every trusted root, and of a new one as soon as it is trusted", async () => {
    const first = current();
    assert.equal(first.clientRootsPem, root.rootPem);
    const another = await createTestAuthority("another");
    bundle = TrustBundle.from([root.certificate, another.certificate]);
    serving.trustChanged();
    assert.deepEqual(heard, [{ ...first, clientRootsPem: bundle.toPem() }]);
    assert.equal(serving.current(), heard[0]);
  });

  it("requests no client certificates if they are disabled", async () => {
    const silent = createServing({ asksClients: false });
    await silent.start();
    const first = current(silent);
    silent.trustChanged();
    assert.equal(first.clientRootsPem, undefined);
    assert.equal(silent.current(), first);
    await silent.stop();
  });

  it("starts without a certificate if no authority can issue one, and issues it when the authorities change", async () => {
    isDown = true;
    const late = createServing({ asksClients: true });
    await late.start();
    late.onChange((identity) => heard.push(identity));
    assert.equal(late.current(), undefined);
    isDown = false;
    late.trustChanged();
    await pass(0, () => heard.length === 1);
    assert.equal(late.current(), heard[0]);
    await late.stop();
  });

  it("retries every five seconds without a certificate, and logs one reason once", async () => {
    isDown = true;
    const late = createServing({ asksClients: true });
    await late.start();
    for (let i = 0; i < 3; i++) await clock.runFor(5_000);
    assert.equal(logger.named("cannot issue the serving certificate").length, 1);
    assert.equal(logger.named("cannot renew the serving certificate").length, 0);
    isDown = false;
    await pass(5_000, () => late.current() !== undefined);
    await late.stop();
  });

  it("records each certificate before it is used", async () => {
    assert.deepEqual(
      recorded.map(({ serial }) => serial),
      [leafOf(current()).serialNumber.toLowerCase()],
    );
    await pass(halfDayMs, () => heard.length === 1);
    assert.equal(recorded.length, 2);
  });

  it("issues a certificate that identifies servers only", () => {
    const { keyUsage } = leafOf(current());
    assert.deepEqual(keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  });

  it("issues the certificate for the names that agents connect to and the configured ones, each once", () => {
    const { subjectAltName, subject } = leafOf(current());
    assert.deepEqual(subjectAltName?.split(", ").sort(), [
      "DNS:ca.mesh.test",
      "DNS:istiod.istio-system.svc",
      "DNS:localhost",
      "IP Address:0:0:0:0:0:0:0:1",
      "IP Address:10.1.2.3",
      "IP Address:127.0.0.1",
      "URI:spiffe://cluster.local/ns/kasbah-system/sa/kasbah",
    ]);
    assert.equal(subject, undefined);
  });

  it("creates a separate key, and a chain to the root", () => {
    const { privateKeyPem } = current();
    const leaf = leafOf(current());
    assert.ok(leaf.verify(root.certificate.publicKey.keyObject));
    assert.deepEqual(
      leaf.publicKey.export({ type: "spki", format: "der" }),
      Buffer.from(parsePrivateKey(privateKeyPem).publicKey.spki),
    );
  });
});
