import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  forgeCertificate,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { orderOf } from "./http2/control-call.ts";
import { callOn, framed, type Outcome } from "./http2/grpc-call.ts";

const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

describe("CA that clients cannot connect to", function () {
  this.timeout(suiteTimeoutMs);
  let ca: RunningCa;
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
    ca = await startCa();
  });

  after(async () => {
    await ca?.stop();
    await directory?.remove();
  });

  async function until(reason: string, count: number): Promise<void> {
    const series = `kasbah_handshake_failures_total{reason="${reason}"}`;
    await ca.process.until(`${count} in ${series}`, async () => (await ca.process.metric(series)) === count);
  }

  const call = async (tls: object, headers: object): Promise<Outcome> => {
    const session = connectHttp2(`https://127.0.0.1:${ca.port}`, { ca: ca.rootPem, ...tls });
    session.on("error", () => {});
    try {
      const csr = createCertificateRequest(await createKeyPair("P-256"), spiffeId);
      return await callOn(session, framed(orderOf(csr)), { ...headers });
    } finally {
      session.destroy();
    }
  };

  const bearer = async () => {
    const token = await ca.tokens.mint({
      ...{ namespace: "demo", serviceAccount: "frontend", now: systemClock.now() },
    });
    return { authorization: `Bearer ${token}` };
  };

  it("counts clients of OpenSSL and Node.js that trust another root, and one that is no TLS client", async () => {
    const other = directory.join("other.pem");
    await writeFile(other, (await createTestAuthority("cluster.local")).rootPem);
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const target = ["s_client", "-connect", `127.0.0.1:${ca.port}`, "-alpn", "h2", version];
      const client = spawn("openssl", [...target, "-CAfile", other, "-verify_return_error"], {
        stdio: "ignore",
      });
      await once(client, "close");
    }
    await until("unknown_root", 2);
    const session = connectHttp2(`https://127.0.0.1:${ca.port}`);
    await once(session, "error");
    await until("closed", 1);
    const plain = connectTcp({ host: "127.0.0.1", port: ca.port }).on("error", () => {});
    plain.end("GET /metrics HTTP/1.1\r\n\r\n");
    plain.resume();
    await once(plain, "close");
    await until("protocol", 1);
  });

  it("refuses a forged client certificate in its own name, lists the refusal, and serves the token beside it", async () => {
    const keyPair = await createKeyPair("P-256");
    const csr = createCertificateRequest(keyPair, spiffeId);
    const session = connectHttp2(`https://127.0.0.1:${ca.port}`, { ca: ca.rootPem });
    const { body } = await callOn(session, framed(orderOf(csr)), await bearer());
    session.destroy();
    const [leaf = ""] = createCertificate.response.decode(body).certChain;
    const genuine = parseCertificate(leaf);
    const serial = Buffer.from(genuine.serial, "hex");
    const forged = forgeCertificate(genuine, await createKeyPair("P-256"), serial, serial);
    const credentials = { cert: forged.toPem(), key: keyPair.toPkcs8Pem() };
    const refused = await call(credentials, {});
    assert.match(refused.message, /^CLIENT_CERTIFICATE_REJECTED/);
    const served = await call(credentials, await bearer());
    assert.equal(served.status, 0, served.message);
    await ca.process.until("the refusal in the list", async () => {
      const { out } = await runKasbahCommand(ca.stateDir, ["refusals", "--address", "127.0.0.1"]);
      return /CLIENT_CERTIFICATE_REJECTED {2}[0-9a-f]{12} {2}127\.0\.0\.1\n/.test(out);
    });
  });

  it("summarizes in its log what it counted, and lists the refusals when it is stopped", async () => {
    await ca.process.stop();
    const summary = await ca.process.logged("connections ended before their first call");
    assert.equal(summary["level"], "warn");
    assert.match(String(summary["from"]), /^127\.0\.0\.1 \(\d\)$/);
    const { out } = await runKasbahCommand(ca.stateDir, [
      "refusals",
      "--code",
      "CLIENT_CERTIFICATE_REJECTED",
    ]);
    assert.match(out, /^1 refusal since /m);
  });
});
