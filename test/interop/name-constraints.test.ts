import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  type Certificate,
  createKeyPair,
  createSerial,
  parseTrustDomain,
  TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { createCertificateWriter, type Signer, type SubjectAltName } from "@kasbah/pki/certificate-writer";
import { temporaryDirectory } from "@kasbah/testkit";
import { hasGo } from "../harness/go-program.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** Leaf, intermediate, root. */
type Chain = readonly [Certificate, Certificate, Certificate];

const now = new Date("2030-01-01T00:00:00Z");
const validity = { notBefore: new Date("2029-01-01T00:00:00Z"), notAfter: new Date("2039-01-01T00:00:00Z") };
const organization = "kasbah";
const writer = createCertificateWriter();
const goSource = fileURLToPath(new URL("go-verify/main.go", import.meta.url));

const spiffe = (trustDomain: string): SubjectAltName => ({
  kind: "uri",
  value: `spiffe://${trustDomain}/ns/demo/sa/frontend`,
});

const ok = /^ok$/;
const agreed = { ours: ok, openssl: ok, go: ok };
const refused = {
  ours: /does not permit a name/,
  openssl: /permitted subtree violation/,
  go: /is not permitted by any constraint/,
};

interface Finding {
  readonly what: string;
  readonly permitted?: string;
  readonly name: SubjectAltName;
  readonly ours: RegExp;
  readonly openssl: RegExp;
  readonly go: RegExp;
}

/** The evidence for decision 5; Envoy's behavior was tested by hand. */
const findings: readonly Finding[] = [
  { what: "another trust domain", permitted: "cluster.local", name: spiffe("evil.test"), ...refused },
  {
    what: "a host below the permitted domain, which Go permits",
    permitted: "cluster.local",
    name: spiffe("a.cluster.local"),
    ...refused,
    go: ok,
  },
  {
    what: "the domain itself if only hosts below it are permitted",
    permitted: ".cluster.local",
    name: spiffe("cluster.local"),
    ...refused,
  },
  {
    what: "an IP address, which only OpenSSL treats as a host",
    permitted: "10.1.2.3",
    name: spiffe("10.1.2.3"),
    ours: /cannot be evaluated/,
    openssl: ok,
    go: /cannot be IP address/,
  },
  {
    what: "a trust domain with a leading dot",
    permitted: ".cluster.local",
    name: spiffe(".cluster.local"),
    ours: /cannot be evaluated/,
    openssl: /permitted subtree violation/,
    go: /invalid domain/,
  },
  { what: "the trust domain", permitted: "cluster.local", name: spiffe("cluster.local"), ...agreed },
  { what: "a single label", permitted: "mesh", name: spiffe("mesh"), ...agreed },
  { what: "a name with an underscore", permitted: "my_mesh", name: spiffe("my_mesh"), ...agreed },
  {
    what: "a DNS name, which a URI constraint does not restrict",
    permitted: "cluster.local",
    name: { kind: "dns", value: "evil.test" },
    ...agreed,
  },
  ...["cluster.local", "mesh", "my_mesh", "10.1.2.3"].map((trustDomain) => ({
    what: `${trustDomain} without a constraint`,
    name: spiffe(trustDomain),
    ...agreed,
  })),
];

describe("Leaf below an intermediate with a URI name constraint, as verified by kasbah, OpenSSL and Go", function () {
  this.timeout(suiteTimeoutMs);

  for (const { what, permitted, name, ours, openssl, go } of findings) {
    it(`${permitted ?? "none"}: ${what}`, async () => {
      const chain = await issue(permitted, name);
      assert.match(verdictOfOurs(chain), ours);
      assert.match(await verdictOfOpenssl(chain), openssl);
      if (hasGo()) assert.match(verdictOfGo(chain), go);
    });
  }
});

async function issue(permitted: string | undefined, name: SubjectAltName): Promise<Chain> {
  const [rootKey, key, leafKey] = [await newKey(), await newKey(), await newKey()];
  const common = { validity, organization };
  const root = await writer.writeRoot({ ...common, serial: createSerial() }, rootKey);
  const constraint = permitted === undefined ? {} : { permittedTrustDomain: parseTrustDomain(permitted) };
  const order = { ...common, ...constraint, commonName: "intermediate", publicKey: key.publicKey };
  const above: Signer = { certificate: root, signingKey: rootKey };
  const intermediate = await writer.writeIntermediate({ ...order, serial: createSerial() }, above);
  const leafOrder = { validity, publicKey: leafKey.publicKey, subjectAltNames: [name] };
  const issuer: Signer = { certificate: intermediate, signingKey: key };
  return [await writer.writeLeaf({ ...leafOrder, serial: createSerial() }, issuer), intermediate, root];
}

function newKey() {
  return createKeyPair("P-256");
}

function verdictOfOurs([leaf, intermediate, root]: Chain): string {
  try {
    verifyChain({ leaf, intermediates: [intermediate], bundle: TrustBundle.from([root]), now });
    return "ok";
  } catch (error) {
    return String(error);
  }
}

async function verdictOfOpenssl([leaf, intermediate, root]: Chain): Promise<string> {
  await using directory = await temporaryDirectory();
  const file = async (name: string, certificate: Certificate) => {
    const path = directory.join(name);
    await writeFile(path, certificate.toPem());
    return path;
  };
  const trust = ["-CAfile", await file("root", root), "-untrusted", await file("intermediate", intermediate)];
  const at = ["-attime", String(now.getTime() / 1000)];
  const args = ["verify", "-x509_strict", ...at, ...trust, await file("leaf", leaf)];
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return status === 0 ? "ok" : stderr;
}

function verdictOfGo([leaf, intermediate, root]: Chain): string {
  const input = root.toPem() + intermediate.toPem() + leaf.toPem();
  const { stdout, stderr } = spawnSync("go", ["run", goSource], { input, encoding: "utf8" });
  return stdout.trim() || stderr;
}
