import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCertificates } from "@kasbah/pki";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess, type RunningCa, startCa } from "../harness/ca-process.ts";
import { kasbah, nodeClient, opensslClient, requestDemoCertificate } from "../harness/fixed-roots.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

const config = `
[ca]
default_ca = company
[company]
database = index.txt
new_certs_dir = .
serial = serial.txt
default_md = sha256
policy = any
[any]
organizationName = supplied
commonName = supplied
[mesh]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

describe("Intermediate signed by a company's PKI", () => {
  let company: TemporaryDirectory;
  let ca: RunningCa;

  before(async () => {
    company = await temporaryDirectory();
    await writeFile(company.join("ca.cnf"), config);
    await writeFile(company.join("index.txt"), "");
    await writeFile(company.join("serial.txt"), "01\n");
    const key = ["-newkey", "rsa:3072", "-nodes", "-keyout", "root.key"];
    const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    const about = ["-subj", "/O=Company/CN=Root", "-days", "3650", ...usage];
    openssl("req", "-x509", ...about, ...key, "-out", "root.pem");
    ca = await startCa();
  });
  after(async () => {
    await ca?.stop();
    await company.remove();
  });

  const openssl = (...argv: string[]) => execFileSync("openssl", argv, { cwd: company.path, stdio: "pipe" });

  /** Has the company's PKI sign a CSR of the CA. */
  async function signedChain(name: string): Promise<string> {
    await kasbah(ca, "authority", "csr", "--out", company.join(`${name}.csr`));
    const dates = ["-days", "90", "-extensions", "mesh", "-notext", "-batch"];
    const keys = ["-cert", "root.pem", "-keyfile", "root.key"];
    openssl("ca", "-config", "ca.cnf", ...keys, ...dates, "-in", `${name}.csr`, "-out", `${name}.pem`);
    return company.join(`${name}.pem`);
  }

  it("issues certificates that lead to the company's root, while clients of the old root still connect", async () => {
    const signed = await signedChain("first");
    await assert.rejects(kasbah(ca, "authority", "adopt", signed), /does not lead to a root/);
    await kasbah(ca, "authority", "adopt", signed, "--root", company.join("root.pem"));
    await untilIdle();
    const chain = await requestDemoCertificate(ca, "frontend");
    const [root] = parseCertificates(await readFile(company.join("root.pem"), "utf8"));
    assert.deepEqual(
      parseCertificates(chain.at(-1) ?? "").map((each) => each.fingerprint),
      [root?.fingerprint],
    );
    await writeFile(company.join("leaf.pem"), chain[0] ?? "");
    await writeFile(company.join("between.pem"), chain.slice(1, -1).join(""));
    openssl("verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "between.pem", "leaf.pem");
    await writeFile(company.join("old.pem"), ca.rootPem);
    for (const file of ["root.pem", "old.pem"])
      for (const client of [opensslClient, nodeClient])
        assert.equal(await client(ca.port, company.join(file)), "accepted", file);
  });

  it("replaces the intermediate by a second CSR, and leaves no key of a CSR behind", async () => {
    const signed = await signedChain("second");
    const list = await kasbah(ca, "authority", "adopt", signed);
    assert.match(list, /rotation of the intermediate: intermediate-2 to intermediate-3|no rotation/);
    const files = await readdir(join(ca.stateDir, "authorities"), { recursive: true });
    assert.deepEqual(
      files.filter((file) => /request-\d+\/ca-key/.test(file)),
      [],
    );
    await assert.rejects(
      kasbah(ca, "authority", "adopt", signed),
      /the chain was adopted before, as intermediate-3/,
    );
  });

  it("creates a CSR and adopts its chain while the CA is stopped, and signs with it after the start", async () => {
    await ca.process.stop();
    const signed = await signedChain("third");
    await kasbah(ca, "authority", "adopt", signed);
    const { flags } = await saveIssuer(company.join("issuer"));
    const again = new CaProcess({ stateDir: ca.stateDir, flags });
    try {
      await again.untilReady();
      await eventually(async () =>
        /\nintermediate-4 +active +yes/.test(await kasbah(ca, "authority", "list")),
      );
    } finally {
      await again.stop();
    }
  });

  async function untilIdle(): Promise<void> {
    await eventually(async () => /^no rotation/.test(await kasbah(ca, "authority", "status")));
  }
});
