import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  type Certificate,
  createKeyPair,
  createSerial,
  type KeyType,
  leafValidity,
  maxBackdateMs,
  parseSpiffeId,
} from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import { hasGo } from "../harness/go-program.ts";
import { buildZlint } from "./zlint/build.ts";

interface Finding {
  readonly lint: string;
  readonly status: string;
}

/**
 * A workload certificate has no subject key identifier, like the certificates of istiod; zlint recommends
 * one.
 */
const accepted = ["w_ext_subject_key_identifier_missing_sub_cert"];

const now = new Date("2026-11-20T12:00:00Z");
const writer = createCertificateWriter();

describe("Workload certificate linted by zlint", function () {
  this.timeout(300_000);
  let zlint: string;

  before(function () {
    if (!hasGo()) this.skip();
    zlint = buildZlint();
  });

  function lint({ der }: Certificate): readonly Finding[] {
    const { status, stdout, stderr } = spawnSync(zlint, { input: der });
    assert.equal(status, 0, stderr.toString());
    return JSON.parse(stdout.toString());
  }

  const pairs: readonly [KeyType, KeyType][] = [
    ["P-256", "P-256"],
    ["P-384", "P-256"],
    ["RSA-2048", "P-256"],
    ["P-256", "RSA-3072"],
  ];
  for (const [leafKey, rootKey] of pairs) {
    it(`has only the accepted finding with a ${leafKey} key under a ${rootKey} root`, async () => {
      const leaf = await issue(leafKey, await createRoot(rootKey));
      assert.deepEqual(
        lint(leaf).map((finding) => finding.lint),
        accepted,
      );
    });
  }

  it("fails the lint if its trust domain is a single label, which proves that zlint reads the certificate", async () => {
    const leaf = await issue("P-256", await createRoot("P-256"), "spiffe://mesh/ns/demo/sa/frontend");
    const errors = lint(leaf).filter(({ status }) => status === "error");
    assert.deepEqual(
      errors.map((finding) => finding.lint),
      ["e_ext_san_uri_host_not_fqdn_or_ip"],
    );
  });
});

async function createRoot(type: KeyType): Promise<Signer> {
  const keyPair = await createKeyPair(type);
  const notBefore = new Date(now.getTime() - maxBackdateMs);
  const notAfter = new Date(now.getTime() + 10 * 365 * 86_400_000);
  const template = {
    serial: createSerial(),
    validity: { notBefore, notAfter },
    organization: "cluster.local",
  };
  return { signingKey: keyPair, certificate: await writer.writeRoot(template, keyPair) };
}

async function issue(
  type: KeyType,
  issuer: Signer,
  spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend",
): Promise<Certificate> {
  const { publicKey } = await createKeyPair(type);
  const value = parseSpiffeId(spiffeId).toString();
  const validity = leafValidity({ now, ttlMs: 86_400_000, issuerNotAfter: issuer.certificate.notAfter });
  return writer.writeLeaf(
    { serial: createSerial(), validity, publicKey, subjectAltNames: [{ kind: "uri", value }] },
    issuer,
  );
}
