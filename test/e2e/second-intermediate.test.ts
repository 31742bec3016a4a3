import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import {
  createCertificateRequest,
  createKeyPair,
  parseCertificates,
  parseSpiffeId,
  parseTrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { createRoot, createSet, installSet } from "../harness/openssl-ca.ts";
import { kasbahBin } from "../harness/repository.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";
import { patienceMs, suiteTimeoutMs } from "../harness/until.ts";

const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

/** A stolen or bad intermediate must not stay for the 101 days that one leaf of 90 days keeps its predecessor. */
describe("Plugged-in intermediate that is replaced again while certificates of 90 days are valid", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let tokens: DevTokenIssuer;
  let flags: readonly string[];
  let server: CaProcess;

  before(async () => {
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    ({ tokens } = issuer);
    const root = await createRoot(directory.join("root"), "operator");
    for (const name of ["one", "two", "three"]) await createSet(directory.join(name), root, name, [root]);
    // The tests ask often for a certificate, to see which authority signs.
    const ttl = ["--default-ttl", "2160h", "--max-ttl", "2160h", "--min-stage", "30s", "--default-rate", "0"];
    flags = [...issuer.flags, ...ttl, "--root-ca-dir", directory.join("cacerts")];
    await install("one");
    server = await start();
  });
  after(async () => {
    await server?.kill();
    await directory.remove();
  });

  const install = (name: string) => installSet(directory.join(name), directory.join("cacerts"));

  async function start(): Promise<CaProcess> {
    const ca = new CaProcess({ stateDir: directory.join("ca"), flags });
    await ca.logged("daemon started");
    return ca;
  }

  /** Requests a certificate, verifies its chain, and returns the common name of its issuer. */
  async function issuerOfNext(): Promise<string> {
    const [address, rootsPem] = await Promise.all([server.grpcAddress(), server.rootPem()]);
    const channel = new Http2Channel({ address, rootsPem });
    const csr = createCertificateRequest(await createKeyPair("P-256"), frontend);
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const metadata = { authorization: `Bearer ${await mintDemoToken(tokens, "frontend")}` };
    try {
      const { certChain } = await channel.unary(createCertificate, order, { deadlineMs: 10_000, metadata });
      const [leaf, ...intermediates] = certChain.slice(0, -1).flatMap(parseCertificates);
      assert.ok(leaf);
      verifyChain({ leaf, intermediates, bundle: parseTrustBundle(rootsPem), now: systemClock.now() });
      return /CN=(.*)$/m.exec(new X509Certificate(leaf.der).issuer)?.[1] ?? "";
    } finally {
      channel.close();
    }
  }

  const untilIssuedBy = (name: string) =>
    untilSeen(`certificate of ${name}`, patienceMs, async () => (await issuerOfNext()) === name || undefined);

  async function kasbah(...argv: readonly string[]): Promise<string> {
    const env = { PATH: process.env["PATH"], KASBAH_STATE_DIR: directory.join("ca") };
    return (await promisify(execFile)(process.execPath, [kasbahBin, ...argv], { env })).stdout;
  }

  it("signs with each new intermediate at once, lets both earlier ones retire, and has nothing to warn about", async () => {
    assert.equal(await issuerOfNext(), "one");
    for (const name of ["two", "three"]) {
      await install(name);
      await untilIssuedBy(name);
    }
    const status = await kasbah("authority", "status");
    assert.match(status, /^rotation of the intermediate: intermediate-2 to intermediate-3\n/);
    assert.match(status, /\nintermediate-1 retires at .* \(in 101d\): leaves under it are valid until /);
    assert.doesNotMatch(status, /^!/m);
  });

  it("keeps signing with the last one after kill -9", async () => {
    await server.kill();
    server = await start();
    assert.equal(await issuerOfNext(), "three");
  });

  it("returns to a retiring intermediate on command, even across kill -9, and warns that the files hold another", async () => {
    await kasbah("authority", "recall", "intermediate-1");
    await server.kill();
    server = await start();
    await untilIssuedBy("one");
    const { warnings } = JSON.parse(await kasbah("authority", "status", "--json"));
    assert.ok(
      warnings.some((text: string) => text.includes("recalled")),
      String(warnings),
    );
    const { address } = await server.logged("status server listens");
    const ready = await (await fetch(`http://${address}/healthz/ready`)).text();
    assert.match(
      ready,
      /hold another CA \(SHA-256 [0-9a-f]{16}\) than intermediate-1 .*the operator returned to it/,
    );
    const metrics = await (await fetch(`http://${address}/metrics`)).text();
    assert.match(metrics, /^kasbah_warnings 2$/m);
  });
});
