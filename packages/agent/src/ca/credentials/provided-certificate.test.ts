import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { readProvidedCertificate } from "./provided-certificate.ts";

const openssl = (args: readonly string[], input: string) =>
  execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });

describe("readProvidedCertificate", () => {
  let directory: TemporaryDirectory;
  let logger: RecordingLogger;
  let chain: string;
  let key: string;

  before(async () => {
    const keyPair = await createKeyPair("P-256");
    const { publicKey } = keyPair;
    const names = [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/vm" }] as const;
    const authority = await createTestAuthority();
    const second = Math.floor(systemClock.now().getTime() / 1_000);
    const [notBefore, notAfter] = [new Date((second - 60) * 1_000), new Date((second + 3_600) * 1_000)];
    chain = (await authority.issue({ publicKey, names, notBefore, notAfter })).toPem();
    key = keyPair.toPkcs8Pem();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    logger = recordingLogger();
  });
  afterEach(() => directory.remove());

  const read = async (chainFile: string, keyFile: string) => {
    await writeFile(directory.join("cert-chain.pem"), chainFile);
    await writeFile(directory.join("key.pem"), keyFile);
    return readProvidedCertificate({ directory: directory.path, clock: systemClock, logger });
  };
  const reported = () =>
    JSON.stringify(logger.events, (_, value) => (value instanceof Error ? value.message : value));

  it("reads what openssl writes around blocks, and gives TLS the blocks alone", async () => {
    const sec1 = openssl(["ec"], key);
    const parameters = openssl(["ecparam", "-name", "prime256v1"], "");
    const text = openssl(["x509", "-text", "-subject", "-issuer"], chain);
    for (const lineEnd of ["\n", "\r\n", "\r"]) {
      const file = (pem: string) => `\uFEFF${pem}`.replaceAll("\n", lineEnd);
      const held = await read(file(text), file(`${parameters}Key Attributes: <No Attributes>\n${sec1}`));
      assert.equal(held?.chainPem, chain);
      assert.ok(createSecureContext({ cert: held.chainPem, key: held.key.reveal() }));
    }
    assert.deepEqual(logger.events, []);
  });

  it("names the file, the block and the reason, and uses the token instead", async () => {
    assert.equal(await read(chain + chain.replace("M", "*"), key), undefined);
    assert.match(reported(), /cert-chain\.pem: block 2 \(line \d+\): .* not base64/);
    assert.equal(await read(chain, key + key), undefined);
    assert.match(reported(), /key\.pem: it contains 2 private keys, expected one/);
    assert.ok(!reported().includes("BEGIN"));
  });

  it("says why a file cannot be read", async () => {
    const missing = { directory: directory.join("none"), clock: systemClock, logger };
    assert.equal(await readProvidedCertificate(missing), undefined);
    assert.match(reported(), /none\/cert-chain\.pem: the directory .*none does not exist \(ENOENT\)/);
  });
});
