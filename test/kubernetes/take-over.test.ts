import assert from "node:assert/strict";
import {
  createKeyPair,
  createSerial,
  leafValidity,
  parseCertificate,
  parseCertificates,
  parseTrustBundle,
  TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../harness/ca-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

const flags = [
  "--state-secret",
  "kasbah-ca",
  "--take-over-secret",
  "cacerts",
  "--take-over-secret",
  "istio-ca-secret",
];
const year = 365 * 24 * 3_600_000;

/** A root like istiod's, RSA-2048 with `O=cluster.local`, and a leaf that it issued earlier. */
async function createIstioCa() {
  const now = systemClock.now();
  const writer = createCertificateWriter();
  const keyPair = await createKeyPair("RSA-2048");
  const validity = {
    notBefore: wholeSecond(now.getTime() - 1_000),
    notAfter: wholeSecond(now.getTime() + 10 * year),
  };
  const certificate = await writer.writeRoot(
    { serial: createSerial(), validity, organization: "cluster.local" },
    keyPair,
  );
  const leafKey = await createKeyPair("RSA-2048");
  const leaf = await writer.writeLeaf(
    {
      serial: createSerial(),
      validity: leafValidity({ now, ttlMs: 24 * 3_600_000, issuerNotAfter: validity.notAfter }),
      publicKey: leafKey.publicKey,
      subjectAltNames: [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/old" }],
    },
    { certificate, signingKey: keyPair },
  );
  return { keyPair, certificate, leaf };
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

describe("CA that takes over from istiod", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa | undefined;
  let workload: Workload;

  beforeEach(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    workload = await createWorkload(controlPlane, "istio-ca");
  });

  afterEach(async () => {
    await ca?.stop();
    ca = undefined;
    await account.remove();
  });

  async function createSecret(name: string, data: Readonly<Record<string, string>>): Promise<unknown> {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const path = `/api/v1/namespaces/${account.namespace}/secrets`;
    const secret = { metadata: { name }, type: "istio.io/ca-root", data: Object.fromEntries(encoded) };
    const { status, body } = await controlPlane.adminRequest("POST", path, secret);
    assert.equal(status, 201);
    return body;
  }

  it("issues under istiod's root, so that old and new leaves trust each other", async () => {
    const istio = await createIstioCa();
    const data = { "ca-cert.pem": istio.certificate.toPem(), "ca-key.pem": istio.keyPair.toPkcs8Pem() };
    await createSecret("istio-ca-secret", { ...data, "cert-chain.pem": "", "root-cert.pem": "" });
    ca = await startClusterCa(controlPlane, account, "kasbah-0", flags);
    const { status, message, chain } = await callCa(ca, workload.token);
    assert.equal(status, 0, message);
    const bundle = parseTrustBundle(chain.at(-1) ?? "");
    assert.deepEqual(
      bundle.roots.map(({ fingerprint }) => fingerprint),
      [istio.certificate.fingerprint],
    );
    const now = systemClock.now();
    verifyChain({ leaf: istio.leaf, intermediates: [], bundle, now });
    const [leaf = istio.leaf, ...intermediates] = chain.slice(0, -1).flatMap(parseCertificates);
    verifyChain({ leaf, intermediates, bundle: TrustBundle.from([istio.certificate]), now });
    assert.ok(parseCertificate(chain[0] ?? "").isIssuedBy(istio.certificate));
  });

  it("leaves istiod's Secret unchanged, so that a rollback is possible", async () => {
    const istio = await createIstioCa();
    const data = { "ca-cert.pem": istio.certificate.toPem(), "ca-key.pem": istio.keyPair.toPkcs8Pem() };
    const before = await createSecret("istio-ca-secret", data);
    ca = await startClusterCa(controlPlane, account, "kasbah-0", flags);
    const path = `/api/v1/namespaces/${account.namespace}/secrets/istio-ca-secret`;
    assert.deepEqual((await controlPlane.adminRequest("GET", path)).body, before);
  });

  it("refuses to start with an unusable istiod Secret, reports the reason, and creates no root of its own", async () => {
    const [istio, other] = [await createIstioCa(), await createIstioCa()];
    const data = { "ca-cert.pem": istio.certificate.toPem(), "ca-key.pem": other.keyPair.toPkcs8Pem() };
    await createSecret("cacerts", {
      ...data,
      "root-cert.pem": istio.certificate.toPem(),
      "cert-chain.pem": "",
    });
    await assert.rejects(
      startClusterCa(controlPlane, account, "kasbah-0", flags),
      /PLUGGED_IN_REJECTED.*Secret .*\/cacerts.*is not the key of/s,
    );
    const path = `/api/v1/namespaces/${account.namespace}/secrets/kasbah-ca`;
    assert.equal((await controlPlane.adminRequest("GET", path)).status, 404);
  });
});
