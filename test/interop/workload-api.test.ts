import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeCa,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSeen,
} from "@kasbah/testkit";
import { type AgentProcess, agentSpiffeId, startAgent } from "../e2e/agent-process.ts";
import { hasGo } from "./go-program.ts";
import { buildWorkloadClient } from "./workload-api/build.ts";
import { GoClient, type GoLine } from "./workload-api/go-client.ts";

const isSvid = ({ event }: GoLine) => event === "svid";
const isError = ({ event }: GoLine) => event === "error";

describe("go-spiffe on the Workload API", function () {
  this.timeout(300_000);
  let folder: TemporaryDirectory;
  let ca: FakeCa;
  let agents: AgentProcess[];
  let clients: GoClient[];

  before(function () {
    if (!hasGo()) this.skip();
    buildWorkloadClient();
  });

  beforeEach(async () => {
    folder = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    [agents, clients] = [[], []];
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed")
      process.stderr.write(agents.map((each) => each.log()).join("\n"));
    for (const client of clients) await client.stop();
    for (const each of agents) await each.stop();
    await ca.close();
    await folder.remove();
  });

  const agent = async (flags: Record<string, string> = {}) => {
    const started = await startAgent(ca, folder, flags);
    agents.push(started);
    return started;
  };
  const client = (...args: string[]) => {
    const started = new GoClient(folder.join("workload"), ...args);
    clients.push(started);
    return started;
  };

  it("gets the certificate and the roots, and a rotation on the same stream", async () => {
    ca.ttlMs = 6_000;
    await agent();
    const watch = client("watch");
    const first = await watch.next("certificate", isSvid);
    assert.equal(first.spiffeId, agentSpiffeId);
    assert.deepEqual(first.roots, { "cluster.local": [ca.authority.certificate.fingerprint] });
    const next = await watch.next(
      "rotation",
      (line) => isSvid(line) && line.fingerprint !== first.fingerprint,
    );
    assert.equal(next.spiffeId, agentSpiffeId);
    // The client asks again only after an error: there was the one stream.
    const errorsAfterFirst = watch.lines.slice(watch.lines.indexOf(first)).filter(isError);
    assert.deepEqual(errorsAfterFirst, []);
    const bundles = watch.lines.filter(({ event }) => event === "bundles");
    assert.deepEqual(
      bundles.map(({ roots }) => roots),
      [first.roots],
      "unchanged roots are not sent again",
    );
  });

  it("is held until there is a first secret", async () => {
    const answer = Promise.withResolvers<void>();
    ca.answer = async (call) => {
      await answer.promise;
      return ca.honest(call);
    };
    await agent();
    const watch = client("watch");
    await untilSeen("call to the CA", 30_000, () => ca.calls[0]);
    answer.resolve();
    await watch.next("certificate", isSvid);
  });

  it("comes back by itself after a restart of the agent, which ends its streams with a reason", async () => {
    const first = await agent();
    const watch = client("watch");
    const before = await watch.next("certificate", isSvid);
    assert.equal(await first.stop(), 0, first.log());
    const error = await watch.next("error", isError, watch.lines.indexOf(before));
    assert.equal(error.code, "Unavailable");
    assert.match(error.message ?? "", /WORKLOAD_API_STOPPING/);
    await agent();
    const isAnother = (line: GoLine) => isSvid(line) && line.fingerprint !== before.fingerprint;
    await watch.next("certificate of the new agent", isAnother);
    assert.ok(watch.isRunning);
  });

  it("does mutual TLS between two ends that have nothing but the socket", async () => {
    await agent();
    const greeting = await client("mtls", agentSpiffeId).next(
      "handshake",
      ({ heard }) => heard !== undefined,
    );
    assert.equal(greeting.heard, `hello ${agentSpiffeId}`);
    assert.equal(greeting.peer, agentSpiffeId);
  });

  it("is told in a sentence that there are no JWT-SVIDs", async () => {
    // Asked once, without go-spiffe's patience for a socket that is not there yet.
    const { workloadSocket } = await agent();
    await untilSeen("socket", 30_000, () => existsSync(workloadSocket) || undefined);
    const { code, message } = await client("jwt").next("answer", (line) => line.code !== undefined);
    assert.equal(code, "Unimplemented");
    assert.match(message ?? "", /no JWT-SVIDs/);
  });
});
