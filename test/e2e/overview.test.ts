import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { readOfflineOverview } from "@kasbah/ca-server/state";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate, type OverviewMessage } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { rawCall, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess, startCa } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const sum = (counts: readonly number[] = []) => counts.reduce((total, one) => total + one, 0);

async function overviewOf(stateDir: string): Promise<OverviewMessage> {
  const { code, out, err } = await runKasbahCommand(stateDir, ["overview"]);
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

async function call(ca: { readonly port: number; readonly rootPem: string }, token: string): Promise<void> {
  const csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
  const body = createCertificate.request.encode(order);
  const headers = { authorization: `Bearer ${token}` };
  await rawCall({ port: ca.port, ca: ca.rootPem, path: createCertificate.path, body, headers });
}

/** Connects as a client that does not trust the CA's root. */
async function distrust(port: number): Promise<void> {
  const socket = connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2"], ca: [] });
  await once(socket, "error");
  socket.destroy();
}

describe("kasbah overview of a CA with two worker processes", () => {
  it("counts what callers get and are refused, and knows the live identities when it is stopped and after a restart", async () => {
    await using ca = await startCa({ flags: ["--workers", "2"] });
    const now = systemClock.now();
    const claims = { namespace: "demo", serviceAccount: "frontend" };
    await call(ca, await ca.tokens.mint({ ...claims, now }));
    for (let each = 0; each < 2; each += 1)
      await call(ca, await ca.tokens.mint({ ...claims, now, claims: { aud: ["vault"] } }));
    await distrust(ca.port);
    let seen = await overviewOf(ca.stateDir);
    // A worker reports a failed handshake after the client has left.
    await ca.process.until("the failed handshake", async () => {
      seen = await overviewOf(ca.stateDir);
      return seen.activity.handshakes.length > 0;
    });
    assert.equal(sum(seen.activity.issued), 1);
    assert.deepEqual(
      seen.activity.refused.map(({ code, counts }) => [code, sum(counts)]),
      [["TOKEN_AUDIENCE", 2]],
    );
    const { role, ready, port, identities, clock, ledger } = seen;
    assert.deepEqual([role, ready, port.workers, clock.state], ["single", true, 2, "trusted"]);
    assert.deepEqual(identities, { live: 1, late: 0, soonest: [], partial: false });
    assert.ok(ledger.writable && ledger.entries > 0 && ledger.diskFree > 0, JSON.stringify(ledger));
    await ca.process.stop();
    const stopped = await readOfflineOverview(ca.stateDir, systemClock.now());
    assert.deepEqual([stopped.role, stopped.ready, stopped.trustDomain], ["stopped", false, "cluster.local"]);
    assert.deepEqual([sum(stopped.activity.issued), stopped.identities], [1, identities]);
    assert.deepEqual(
      stopped.activity.refused.map(({ code, counts }) => [code, sum(counts)]),
      [["TOKEN_AUDIENCE", 2]],
    );
    assert.deepEqual([stopped.ledger.failure, stopped.ledger.loss, stopped.replica], ["", "", seen.replica]);
    assert.ok(stopped.ledger.signed > 0 && stopped.ledger.signed === stopped.ledger.entries);
    await using directory = await temporaryDirectory();
    const { flags } = await saveIssuer(directory.path);
    const again = new CaProcess({ stateDir: ca.stateDir, flags });
    try {
      await again.untilReady();
      await again.until("the identities of the ledger", async () => {
        const { live, partial } = (await overviewOf(ca.stateDir)).identities;
        return live === 1 && !partial;
      });
    } finally {
      await again.stop();
    }
    const [segment] = await readdir(join(ca.stateDir, "ledger", "0", "segments"));
    await truncate(join(ca.stateDir, "ledger", "0", "segments", segment ?? ""));
    const { loss } = (await readOfflineOverview(ca.stateDir, systemClock.now())).ledger;
    assert.match(loss, /^the ledger has 0 entries, but the control state names \d+$/);
  });
});
