import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { type RunningCa, startCa } from "../harness/ca-process.ts";

/** RFC 9113 appendix A permits these to a server with an EC key, and no other suite of TLS 1.2. */
const permitted = /^ECDHE-ECDSA-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$/;
const everything = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
const atOnce = 4;

/** The suites of one version that OpenSSL on this machine can offer. */
function suitesOf(version: string): readonly string[] {
  const listed = execFileSync("openssl", ["ciphers", "-s", version, everything], { encoding: "utf8" });
  return listed.trim().split(":");
}

describe("CA's gRPC port, offered one cipher suite at a time by openssl s_client", () => {
  let ca: RunningCa;

  before(async () => {
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

  async function accepted(suites: readonly string[], offer: (suite: string) => readonly string[]) {
    const found: string[] = [];
    for (let start = 0; start < suites.length; start += atOnce) {
      const some = suites.slice(start, start + atOnce);
      const results = await Promise.all(some.map((suite) => negotiated(...offer(suite))));
      found.push(...some.filter((suite, index) => results[index] === suite));
    }
    return found.sort();
  }

  it("accepts in TLS 1.2 only ephemeral keys with authenticated encryption", async () => {
    const offered = suitesOf("-tls1_2");
    assert.ok(offered.filter((suite) => !permitted.test(suite)).length > 20, "CBC suites are offered");
    const found = await accepted(offered, (suite) => ["-tls1_2", "-cipher", `${suite}:@SECLEVEL=0`]);
    assert.deepEqual(found, offered.filter((suite) => permitted.test(suite)).toSorted());
    assert.equal(found.length, 3);
  });

  it("accepts every suite of TLS 1.3 that authenticates with a full tag", async () => {
    const suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
    const found = await accepted(suites, (suite) => ["-tls1_3", "-ciphersuites", suite]);
    assert.deepEqual(found, suites);
    assert.equal(await negotiated("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"), undefined);
  });

  it("agrees on authenticated encryption with a client that prefers CBC", async () => {
    const cbcFirst = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    assert.equal(await negotiated("-tls1_2", "-cipher", cbcFirst), "ECDHE-ECDSA-AES256-GCM-SHA384");
  });
});
