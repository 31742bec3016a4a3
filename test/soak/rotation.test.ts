import assert from "node:assert/strict";
import { Agent, get } from "node:http";
import type { Mesh, Workload } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";

const requests = 10_000;
const rotations = 20;
/** Certificates are renewed at half their lifetime, so twenty rotations in both workloads take about 80 s. */
const secretTtlMs = 8_000;
/** Sends requests until the last rotation without overloading the machine. */
const paceMs = 8;
const giveUpMs = 300_000;

describe("Mesh of two Envoys across twenty rotations", function () {
  this.timeout(setUpTimeoutMs + giveUpMs);
  let mesh: Mesh;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs });
  });

  after(() => mesh?.stop());

  it("serves ten thousand requests, each with a full mTLS handshake, without a failure", async () => {
    const { frontend, backend } = mesh;
    const handshakesBefore = await backend.admin.stat("listener.inbound.ssl.handshake");
    const serials = [watchSerials(frontend), watchSerials(backend)];
    const traffic = await sendUntil(
      (sent) => sent >= requests && serials.every((seen) => seen.size > rotations),
    );
    for (const seen of serials) await seen.stop();

    assert.deepEqual(traffic.failures, []);
    assert.ok(traffic.sent >= requests, `${traffic.sent} requests`);
    for (const seen of serials) assert.ok(seen.size > rotations, `${seen.size - 1} rotations`);
    const handshakes = (await backend.admin.stat("listener.inbound.ssl.handshake")) - handshakesBefore;
    assert.ok(handshakes >= traffic.sent, `${handshakes} handshakes for ${traffic.sent} requests`);
    assert.equal(await backend.admin.stat("listener.inbound.ssl.session_reused"), 0);
    assert.equal(await frontend.admin.stat("cluster.upstream.ssl.session_reused"), 0);
    assert.equal(await frontend.admin.stat("cluster.upstream.upstream_cx_connect_fail"), 0);
  });

  /**
   * Sends requests over a few connections to frontend's Envoy, which opens a new connection to backend's
   * Envoy for each.
   */
  async function sendUntil(enough: (sent: number) => boolean): Promise<{ sent: number; failures: string[] }> {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const failures: string[] = [];
    const startedAt = systemClock.monotonicMs();
    let sent = 0;
    const caller = async () => {
      while (!enough(sent)) {
        if (systemClock.monotonicMs() - startedAt > giveUpMs) return;
        sent += 1;
        await statusOf(agent).then(
          (status) => status === 200 || failures.push(`request ${sent}: status ${status}`),
          (error: Error) => failures.push(`request ${sent}: ${error.message}`),
        );
        await systemClock.sleep(paceMs);
      }
    };
    await Promise.all([caller(), caller(), caller()]);
    agent.destroy();
    return { sent, failures };
  }

  function statusOf(agent: Agent): Promise<number> {
    return new Promise((resolve, reject) => {
      const call = get({ ...mesh.entry, path: "/", agent, timeout: 10_000 }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      });
      call.on("timeout", () => call.destroy(new Error("no answer within 10 s"))).on("error", reject);
    });
  }
});

/** Collects the serial numbers of the certificates that an Envoy uses over time. */
function watchSerials({ admin }: Workload) {
  const seen = new Set<string>();
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      for (const { serial } of await admin.certificates()) seen.add(serial);
      await systemClock.sleep(500, stopped.signal).catch(() => undefined);
    }
  })();
  return {
    get size() {
      return seen.size;
    },
    stop: () => {
      stopped.abort();
      return watching;
    },
  };
}
