import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { EnvoyAdmin } from "@kasbah/cli/mesh";
import {
  createCertificateRequest,
  createKeyPair,
  parseCertificates,
  parseSpiffeId,
  parseTrustBundle,
  readBundle,
} from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import {
  createOddCertificate,
  createTestAuthority,
  eventually,
  freePort,
  type OddCertificate,
  rawCall,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { Pod } from "../harness/pod.ts";
import { fetchSecret } from "../harness/sds-client.ts";
import { mintDemoToken } from "../harness/token-issuer.ts";
import { patienceMs } from "../harness/until.ts";
import { bootstrapWithDoors } from "./sds/envoy-doors.ts";
import { type KeyAndChain, knock } from "./sds/knock.ts";

const debianRoots = "/etc/ssl/certs/ca-certificates.crt";
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";

/** Trusted: a peer under such a root is accepted. */
const trusted = {
  p521: createOddCertificate({ commonName: "P-521", key: "P-521" }),
  ed25519: createOddCertificate({ commonName: "Ed25519", key: "ed25519" }),
  version1: createOddCertificate({ commonName: "version 1", version: 1 }),
  serial0: createOddCertificate({ commonName: "serial 0", serial: Uint8Array.of(0) }),
};
const skipped = {
  mlDsa: createOddCertificate({ commonName: "ML-DSA", key: "ml-dsa-44" }),
  negative: createOddCertificate({ commonName: "negative serial", serial: Uint8Array.of(0xff) }),
  rsa1024: createOddCertificate({ commonName: "RSA-1024", key: "rsa-1024" }),
  leaf: createOddCertificate({ commonName: "a leaf", isCa: false }),
};
const broken = [
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "-----BEGIN CERTIFICATE-----\nMIIB*\n-----END CERTIFICATE-----\n",
  "-----BEGIN CERTIFICATE-----\nMIIB\n",
];

describe("Mesh whose root file has all public roots, odd ones and broken ones beside its own", function () {
  this.timeout(setUpTimeoutMs);
  let directory: TemporaryDirectory;
  let company: TestAuthority;
  let rootFile: string;
  let ca: RunningCa;
  let pod: Pod;
  let token: string;

  before(async () => {
    directory = await temporaryDirectory();
    company = await createTestAuthority("Company");
    const publicRoots = existsSync(debianRoots)
      ? await readFile(debianRoots, "utf8")
      : rootCertificates.join("\n");
    const odd = [...Object.values(trusted), ...Object.values(skipped)].map(({ pem }) => pem);
    rootFile = [publicRoots, ...odd, ...broken, company.rootPem].join("\n").replaceAll("\n", " \r\n");
    const home = directory.join("cacerts");
    await plugIn(home, await company.issueIntermediate("Mesh"));
    ca = await startCa({ flags: ["--root-ca-dir", home] });
    token = await mintDemoToken(ca.tokens, "frontend");
    const address = { host: "127.0.0.1", port: ca.port };
    pod = await Pod.create({ ca: { address, authority: { rootPem: rootFile } }, token });
  });

  after(async () => {
    await pod?.[Symbol.asyncDispose]();
    await ca?.stop();
    await directory?.remove();
  });

  async function plugIn(home: string, signer: TestAuthority): Promise<void> {
    await mkdir(home);
    await writeFile(join(home, "root-cert.pem"), rootFile);
    await writeFile(join(home, "cert-chain.pem"), "");
    await writeFile(join(home, "ca-cert.pem"), signer.certificate.toPem());
    await writeFile(join(home, "ca-key.pem"), signer.keyPair.toPkcs8Pem(), { mode: 0o600 });
  }

  const expected = () => readBundle(rootFile);

  it("starts the CA, which counts each skipped root and names the first of them with its place", async () => {
    const { bundle, skipped: left } = expected();
    assert.ok(left.length >= Object.keys(skipped).length + broken.length, `${left.length} skipped`);
    assert.ok(bundle.roots.length > 100 && bundle.contains(company.certificate));
    const { ready, warnings = [] } = await ca.process.readiness();
    assert.ok(ready);
    assert.match(warnings.join(), /a root in .*cacerts is not used: block \d+ \(line \d+, .*; and \d+ more/);
    assert.equal(await ca.process.metric("kasbah_skipped_roots"), left.length);
  });

  it("gives certificates to an agent that starts with that file, and trusts every usable root in it", async () => {
    const agent = pod.start({ flags: { "--secret-ttl": "8s" } });
    await agent.untilReady();
    assert.equal(await agent.metric("kasbah_agent_skipped_roots"), expected().skipped.length);
    assert.equal(await agent.metric("kasbah_agent_bundle_roots"), expected().bundle.roots.length);
    const { warnings = [] } = await agent.readiness();
    assert.match(warnings.join(), /a root in .*root\.pem is not used: block \d+/);
  });

  it("lets a real Envoy load the roots and accept peers under each of them, through rotations", async () => {
    const door = { certificate: "default", roots: "ROOTCA", fetchTimeout: "0s", protocol: "GRPC" } as const;
    const port = await freePort();
    const address = { host: "127.0.0.1", port: await freePort() };
    const path = directory.join("envoy.json");
    const settings = { admin: address, sdsSocket: pod.socket, doors: [{ ...door, port }] };
    await writeFile(path, JSON.stringify(bootstrapWithDoors(settings)));
    const log = openSync(directory.join("envoy.log"), "a");
    const args = ["-c", path, "--use-dynamic-base-id", "--log-level", "warning"];
    const envoy = spawn(await testEnvoy(), args, { stdio: ["ignore", log, log] });
    try {
      const admin = new EnvoyAdmin(address);
      await eventually(() => admin.isReady(), patienceMs);
      const serials = new Set<string>();
      const show = async (own: KeyAndChain) => serials.add(await knock(port, own, company.rootPem));
      await show(await fetchSecret(pod.socket));
      for (const root of Object.values(trusted)) await show(leafUnder(root));
      await assert.rejects(knock(port, leafUnder(skipped.mlDsa), company.rootPem));
      await eventually(async () => {
        for (const root of Object.values(trusted)) await show(leafUnder(root));
        return serials.size >= 3;
      }, patienceMs);
      for (const name of ["default", "ROOTCA"]) {
        assert.equal(await admin.stat(`sds.${name}.update_rejected`), 0);
      }
    } finally {
      await end(envoy);
    }
  });

  it("sends agents of earlier releases, and publishes, only roots that they read, and all roots to other clients", async () => {
    const csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
    const order = { csr, validityDurationSeconds: 3_600, impersonatedIdentity: "", certSigner: "" };
    const rootsFor = async (userAgent: string, more: Readonly<Record<string, string>> = {}) => {
      const { status, body } = await rawCall({
        port: ca.port,
        ca: company.rootPem,
        path: createCertificate.path,
        body: createCertificate.request.encode(order),
        headers: { authorization: `Bearer ${token}`, "user-agent": userAgent, ...more },
      });
      assert.equal(status, 0);
      return createCertificate.response.decode(body ?? assert.fail()).certChain.at(-1) ?? "";
    };
    const earlier = await rootsFor("kasbah");
    assert.ok(earlier.length <= 128 * 1024, `${earlier.length}`);
    for (const pem of [earlier, ca.rootPem]) {
      const roots = parseCertificates(pem);
      assert.ok(roots.length > 50 && roots.every(({ isCa }) => isCa));
      assert.ok(roots.some((root) => root.equals(company.certificate)));
    }
    const all = expected().bundle;
    assert.ok(parseTrustBundle(await rootsFor("kasbah", { "kasbah-any-root": "1" })).equals(all));
    for (const stock of ["grpc-go/1.75.0", "tonic/0.14.0"]) {
      assert.ok(parseTrustBundle(await rootsFor(stock)).equals(all));
    }
  });
});

function leafUnder(issuer: OddCertificate): KeyAndChain {
  const leaf = createOddCertificate({ commonName: "peer", issuer, isCa: false, uris: [frontend] });
  return {
    kind: "tlsCertificate",
    name: "default",
    certificateChain: Buffer.from(leaf.pem),
    privateKey: Buffer.from(leaf.key.export({ format: "pem", type: "pkcs8" })),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
    await once(child, "exit");
}
