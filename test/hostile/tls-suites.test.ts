import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { type RunningCa, startCa } from "../harness/ca-process.ts";

/** RFC 9113 appendix A permits these to a server with an EC key, and no other suite of TLS 1.2. */
const permitted = /^ECDHE-ECDSA-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$/;
const everything = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";

describe("CA's gRPC port, offered cipher suites by openssl s_client", () => {
  let ca: RunningCa;
  /** All suites of TLS 1.2 that OpenSSL on this machine can offer. */
  let offered: readonly string[];

  before(async () => {
    const list = ["ciphers", "-s", "-tls1_2", everything];
    offered = execFileSync("openssl", list, { encoding: "utf8" }).trim().split(":");
    ca = await startCa();
  });
  after(() => ca?.stop());

  /** The suite that the handshake agreed on; undefined if it failed. */
  async function negotiated(...offer: readonly string[]): Promise<string | undefined> {
    const where = ["-connect", `127.0.0.1:${ca.port}`, "-servername", "localhost", "-alpn", "h2"];
    const client = promisify(execFile)("openssl", ["s_client", ...where, ...offer]);
    client.child.stdin?.end();
    const { stdout } = await client.catch((error: { readonly stdout: string }) => error);
    const [, suite] = /^New, \S+, Cipher is (\S+)$/m.exec(stdout) ?? [];
    return suite === "(NONE)" ? undefined : suite;
  }

  it("accepts in TLS 1.2 only ephemeral keys with authenticated encryption", async () => {
    const offer = (suites: readonly string[]) => ["-tls1_2", "-cipher", `${suites.join(":")}:@SECLEVEL=0`];
    const others = offered.filter((suite) => !permitted.test(suite));
    assert.ok(others.length > 20, "CBC suites are offered");
    // If the CA accepted one of them, the handshake would agree on it.
    assert.equal(await negotiated(...offer(others)), undefined);
    const good = offered.filter((suite) => permitted.test(suite));
    assert.equal(good.length, 3);
    for (const suite of good) {
      assert.equal(await negotiated(...offer([suite])), suite);
      assert.equal(await negotiated(...offer([...others, suite])), suite);
    }
  });

  it("accepts every suite of TLS 1.3 that authenticates with a full tag", async () => {
    for (const suite of ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
      assert.equal(await negotiated("-tls1_3", "-ciphersuites", suite), suite);
    assert.equal(await negotiated("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"), undefined);
  });

  it("agrees on authenticated encryption with a client that prefers CBC", async () => {
    const cbcFirst = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    assert.equal(await negotiated("-tls1_2", "-cipher", cbcFirst), "ECDHE-ECDSA-AES256-GCM-SHA384");
  });
});
