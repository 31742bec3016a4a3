import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, freePort, startFakeCa } from "@kasbah/testkit";
import { hasJava, provideProgram, whyNoDebianProgram } from "../harness/debian-program.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { lonelySpiffeId, Pod } from "../harness/pod.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { haproxyPackages } from "./servers/haproxy.ts";

const password = "a longer pass word";

/** What programs of others read of the files that one agent writes in every format. */
describe("Output files in every format", function () {
  this.timeout(300_000);
  let ca: FakeCa;
  let pod: Pod;
  let others: LoggedProcess[];

  before(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
    await writeFile(pod.path("password"), `${password}\n`);
    const agent = pod.start({
      flags: {
        "--output-certs": pod.path("certs"),
        "--output-format": "pem,combined,pkcs12,credential-bundle",
        "--output-name": ["cert-chain=site.pem", "key=site.pem.key"],
        "--pkcs12-password-file": pod.path("password"),
      },
    });
    await agent.logged("certificates written");
  });
  beforeEach(() => {
    others = [];
  });
  afterEach(async () => {
    for (const other of others) await other.kill();
  });
  after(async () => {
    await pod?.[Symbol.asyncDispose]();
    await ca?.close();
  });

  const file = (name: string) => pod.path("certs", name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
  const keytool = (...args: string[]) =>
    execFileSync("keytool", ["-J-Duser.language=en", "-list", ...args], {
      encoding: "utf8",
      input: "",
      stdio: "pipe",
    });
  const leafOf = (text: string) =>
    new X509Certificate(text.slice(text.indexOf("-----BEGIN CERT"))).serialNumber;
  /** Makes a TLS connection as the workload, or without a certificate, and returns what the server says. */
  const connect = (
    port: number,
    line: string,
    identity = ["-cert", file("combined.pem"), "-key", file("combined.pem")],
  ) =>
    spawnSync(
      "openssl",
      [
        ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", file("root-cert.pem")],
        ...["-verify_return_error", "-quiet", ...identity],
      ],
      { input: line, encoding: "utf8", timeout: 20_000 },
    ).stdout;
  const start = (title: string, command: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const other = new LoggedProcess({ title, command, env });
    others.push(other);
    return other;
  };

  it("OpenSSL 3 reads the PKCS#12 stores, the combined file and the credential bundle by default", () => {
    const serial = leafOf(openssl("x509", "-in", file("site.pem")));
    const given = ["-passin", `pass:${password}`];
    const stored = openssl("pkcs12", "-in", file("keystore.p12"), ...given, "-noenc");
    assert.equal(leafOf(stored), serial);
    assert.match(stored, /BEGIN PRIVATE KEY/);
    assert.match(openssl("pkcs12", "-in", file("truststore.p12"), ...given), /friendlyName: root-/);
    for (const name of ["combined.pem", "credential-bundle.private-key.pem"]) {
      assert.equal(leafOf(openssl("x509", "-in", file(name))), serial);
      assert.equal(
        openssl("pkey", "-in", file(name), "-pubout"),
        openssl("pkey", "-in", file("site.pem.key"), "-pubout"),
      );
    }
    const roots = file("cluster.local.spiffe-trust-bundle.pem");
    assert.match(openssl("verify", "-CAfile", roots, file("site.pem")), /: OK\n$/);
  });

  it("Java's keytool lists the key with its chain and the roots as trusted, and refuses a wrong password", function () {
    if (!hasJava()) return this.skip();
    const listed = keytool("-v", "-keystore", file("keystore.p12"), "-storepass", password);
    assert.match(
      listed,
      /Alias name: workload\n[\s\S]*Entry type: PrivateKeyEntry\nCertificate chain length: 1\n/,
    );
    assert.match(listed, new RegExp(`URIName: ${lonelySpiffeId}`));
    for (const args of [["-storepass", password], []]) {
      const trusted = keytool("-keystore", file("truststore.p12"), ...args);
      assert.match(trusted, /contains 1 entry[\s\S]*root-[0-9a-f]{16}, .*trustedCertEntry/);
    }
    assert.throws(
      () => keytool("-keystore", file("keystore.p12"), "-storepass", "changeit"),
      /Command failed/,
    );
  });

  it("a Java TLS server serves mTLS from the two stores, and refuses a client without a certificate", async function () {
    if (!hasJava()) return this.skip();
    const source = join(repositoryRoot, "test/interop/output-shapes/Server.java");
    const stores = [file("keystore.p12"), file("truststore.p12")];
    const server = start("the Java server", ["java", source, ...stores, password]);
    await server.says("port ");
    const port = Number(/port (\d+)/.exec(server.log)?.[1]);
    assert.match(connect(port, "hello\n"), new RegExp(`hello ${lonelySpiffeId}`));
    assert.doesNotMatch(connect(port, "hello\n", []), /hello/);
    await server.says("refused ");
  });

  for (const [shape, name] of [
    ["one combined PEM", "combined.pem"],
    ["a certificate with its key in <crt>.key", "site.pem"],
  ] as const) {
    it(`HAProxy serves mTLS from ${shape}, and refuses a client without a certificate`, async function () {
      const missing = whyNoDebianProgram();
      if (missing !== undefined) return this.skip();
      const program = await provideProgram("usr/sbin/haproxy", haproxyPackages);
      const port = await freePort();
      await writeFile(pod.path("haproxy.cfg"), haproxyConfig(port, file(name), file("root-cert.pem")));
      const server = start("haproxy", [program.path, "-db", "-f", pod.path("haproxy.cfg")], program.env);
      const request = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
      await server.until("an answer", () => connect(port, request).includes("200 OK"));
      assert.doesNotMatch(connect(port, request, []), /200 OK/);
    });
  }
});

function haproxyConfig(port: number, certificate: string, roots: string): string {
  return [
    "defaults",
    "  mode http",
    "  timeout connect 5s",
    "  timeout client 30s",
    "  timeout server 30s",
    "frontend tls",
    `  bind 127.0.0.1:${port} ssl crt ${certificate} ca-file ${roots} verify required`,
    "  http-request return status 200",
    "",
  ].join("\n");
}
