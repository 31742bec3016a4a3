import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, startFakeCa, untilSeen } from "@kasbah/testkit";
import { hasGo } from "../harness/go-program.ts";
import { lonelySpiffeId, Pod } from "../harness/pod.ts";
import { buildWorkloadClient } from "./workload-api/build.ts";
import { requireTool } from "./workload-api/clients/install.ts";
import { GoClient, type GoLine } from "./workload-api/go-client.ts";

const isSvid = ({ event }: GoLine) => event === "svid";
const isBundles = ({ event }: GoLine) => event === "bundles";
const isError = ({ event }: GoLine) => event === "error";

describe("go-spiffe on the Workload API", function () {
  this.timeout(300_000);
  let ca: FakeCa;
  let pod: Pod;
  let clients: GoClient[];

  before(function () {
    if (requireTool("go", hasGo()) !== undefined) this.skip();
    buildWorkloadClient();
  });

  beforeEach(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
    clients = [];
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") process.stderr.write(pod.agent.log);
    for (const client of clients) await client.stop();
    await pod?.[Symbol.asyncDispose]();
    await ca.close();
  });

  const workloadSocket = () => pod.path("workload");
  const agent = (flags: Record<string, string> = {}) =>
    pod.start({ flags: { "--workload-socket": workloadSocket(), ...flags } });
  const client = (...args: string[]) => {
    const started = new GoClient(workloadSocket(), ...args);
    clients.push(started);
    return started;
  };

  it("receives the certificate and the roots, and a renewed certificate on the same stream", async () => {
    ca.ttlMs = 6_000;
    agent();
    const watch = client("watch");
    const first = await watch.next("certificate", isSvid);
    assert.equal(first.spiffeId, lonelySpiffeId);
    assert.deepEqual(first.roots, { "cluster.local": [ca.authority.certificate.fingerprint] });
    const next = await watch.next(
      "rotation",
      (line) => isSvid(line) && line.fingerprint !== first.fingerprint,
    );
    assert.equal(next.spiffeId, lonelySpiffeId);
    // The client reconnects only after an error, so no error means a single stream.
    const errorsAfterFirst = watch.lines.slice(watch.lines.indexOf(first)).filter(isError);
    assert.deepEqual(errorsAfterFirst, []);
    // The roots have a stream of their own, which may connect later than that of the certificates.
    await watch.next("roots", isBundles);
    const bundles = watch.lines.filter(isBundles);
    assert.deepEqual(
      bundles.map(({ roots }) => roots),
      [first.roots],
      "unchanged roots must not be sent again",
    );
  });

  it("waits on its stream until the agent has its first certificate", async () => {
    const answer = Promise.withResolvers<void>();
    ca.answer = async (call) => {
      await answer.promise;
      return ca.honest(call);
    };
    agent();
    const watch = client("watch");
    await untilSeen("call to the CA", 30_000, () => ca.calls[0]);
    answer.resolve();
    await watch.next("certificate", isSvid);
  });

  it("reconnects automatically after a restart of the agent, which closes its streams with a reason", async () => {
    const first = agent();
    const watch = client("watch");
    const before = await watch.next("certificate", isSvid);
    first.child.kill("SIGTERM");
    assert.equal((await first.exited).code, 0, first.log);
    const error = await watch.next("error", isError, watch.lines.indexOf(before));
    assert.equal(error.code, "Unavailable");
    assert.match(error.message ?? "", /WORKLOAD_API_STOPPING/);
    agent();
    const isAnother = (line: GoLine) => isSvid(line) && line.fingerprint !== before.fingerprint;
    await watch.next("certificate of the new agent", isAnother);
    assert.ok(watch.isRunning);
  });

  it("completes a mutual TLS handshake between two peers that have only the socket", async () => {
    agent();
    const greeting = await client("mtls", lonelySpiffeId).next(
      "handshake",
      ({ heard }) => heard !== undefined,
    );
    assert.equal(greeting.heard, `hello ${lonelySpiffeId}`);
    assert.equal(greeting.peer, lonelySpiffeId);
  });
});
