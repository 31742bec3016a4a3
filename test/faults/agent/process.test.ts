import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { patienceMs, suiteTimeoutMs } from "../../harness/until.ts";
import { blocksOnSignal, makesNoKeyOnSignal, rejectsOnSignal, throwsOnSignal } from "./failpoints.ts";
import { restless, Stage } from "./stage.ts";
import { type Scenario, together } from "./together.ts";

const kills = Number(process.env["KASBAH_KILLS"] ?? 25);
/**
 * More than a pipe and our queue can buffer together: each client's NACK produces a log line of more than
 * half a kilobyte.
 */
const chatterers = 3_000;
const chatterersAtOnce = 50;

describe("Agent process", function () {
  this.timeout(Math.max(suiteTimeoutMs, kills * 5_000));
  const stage = new Stage();

  const endsLoudly =
    (failpoint: string, event: string): Scenario =>
    async () => {
      const ca = await stage.ca();
      const gate = await stage.gate(ca, "open");
      const { agent, socket } = await stage.pod({ ca, caAddress: gate.address, flags: restless, failpoint });
      using envoy = new SdsClient(socket);
      envoy.say();
      await envoy.nextLeaf(0);
      // A call in flight must not delay the exit.
      gate.mode = "silent";
      const { dials } = gate;
      await agent.until("a call is under way", () => gate.dials > dials);
      agent.child.kill("SIGUSR2");
      await agent.until("the agent has exited", () => agent.hasExited);
      assert.deepEqual(await agent.exited, { code: 1, signal: null });
      assert.match(agent.log, new RegExp(`unexpected failure.*"event":"${event}"`));
      assert.equal(existsSync(socket), false);
    };

  together(stage, {
    [`row 26: takes over its dead socket after each of ${kills} kills, and serves the same name with a new key`]:
      async () => {
        const ca = await stage.ca();
        const pod = await stage.pod({ ca });
        const keys = new Set<string>();
        const names = new Set<string | undefined>();
        for (let life = 0; life <= kills; life += 1) {
          using envoy = new SdsClient(pod.socket);
          envoy.say();
          const { key, leaf } = await envoy.nextLeaf(0);
          keys.add(key);
          names.add(leaf.subjectAltName);
          await pod.agent.kill();
          await envoy.untilClosed();
          assert.equal(existsSync(pod.socket), true, "a killed process must leave its socket");
          await pod.start().says("daemon started");
        }
        assert.equal(keys.size, kills + 1);
        assert.deepEqual([...names], ["URI:spiffe://cluster.local/ns/demo/sa/lonely"]);
        assert.deepEqual(await readdir(dirname(pod.socket)), ["socket"]);
      },

    "row 35: exits within seconds and logs the reason on an uncaught exception": endsLoudly(
      throwsOnSignal,
      "uncaught exception",
    ),
    "row 35: exits within seconds and logs the reason on an unhandled rejection": endsLoudly(
      rejectsOnSignal,
      "unhandled rejection",
    ),

    "row 36: answers every client that connected while its event loop was blocked, and rotates": async () => {
      const ca = await stage.ca();
      const pod = await stage.pod({ ca, flags: restless, failpoint: blocksOnSignal });
      const { agent, socket } = pod;
      using before = new SdsClient(socket);
      before.say();
      await before.nextLeaf(0);
      agent.child.kill("SIGUSR2");
      await agent.says("blocking the event loop");
      await assert.rejects(agent.status("/healthz/live", 1_000), /timeout/);
      await fetchLeaf(socket);
      assert.equal(await agent.status("/healthz/live"), "alive\n");
      await before.nextLeaf();
    },

    "row 43: closes its streams, removes its socket and exits 0 on SIGTERM, even if the CA does not answer":
      async () => {
        const ca = await stage.ca();
        const gate = await stage.gate(ca, "silent");
        const { agent, socket } = await stage.pod({ ca, caAddress: gate.address });
        using envoy = new SdsClient(socket);
        envoy.say();
        await agent.until("a call is under way", () => gate.dials > 0);
        agent.child.kill("SIGTERM");
        await envoy.untilClosed();
        assert.deepEqual(await agent.exited, { code: 0, signal: null });
        assert.equal(existsSync(socket), false);
        assert.match(agent.log, /"exitCode":0,"event":"daemon stopped"/);
      },

    "row 44: keeps serving and rotating while its log is not read, and reports the number of lost lines afterwards":
      async () => {
        const ca = await stage.ca();
        const { agent, socket } = await stage.pod({ ca, flags: restless });
        using envoy = new SdsClient(socket);
        envoy.say();
        await envoy.nextLeaf(0);
        agent.stopReadingLog();
        for (let i = 0; i < chatterers; i += chatterersAtOnce) {
          await Promise.all(Array.from({ length: chatterersAtOnce }, () => chatter(socket)));
        }
        await envoy.nextLeaf();
        assert.equal(await agent.isReady(), true);
        agent.readLogAgain();
        await agent.until("the lost lines are reported", () =>
          /"dropped":\d+,"event":"log lines were dropped/.test(agent.log),
        );
      },

    "row 45: sends no request if the system cannot generate a key, keeps its certificate, and resumes when it can":
      async () => {
        const ca = await stage.ca();
        const { agent, socket } = await stage.pod({ ca, flags: restless, failpoint: makesNoKeyOnSignal });
        await fetchLeaf(socket);
        agent.child.kill("SIGUSR2");
        await agent.says("no entropy");
        const asked = ca.calls.length;
        const { leaf } = await fetchLeaf(socket);
        await systemClock.sleep(3_000);
        assert.equal(ca.calls.length, asked);
        assert.equal((await fetchLeaf(socket)).leaf.serialNumber, leaf.serialNumber);
        agent.child.kill("SIGUSR2");
        await agent.until("it sends a request again", () => ca.calls.length > asked);
        assert.equal(new Set(ca.calls.map(({ publicKey }) => publicKey.hash)).size, ca.calls.length);
      },
  });
});

/** Fetches a secret and rejects it with a long message. */
async function chatter(socket: string): Promise<void> {
  using client = new SdsClient(socket);
  client.say({ resourceNames: ["default"] });
  await client.nextLeaf(0);
  const [{ nonce = "", versionInfo = "" } = {}] = client.received;
  const errorDetail = { code: 3, message: "no".repeat(400) };
  client.say({ responseNonce: nonce, versionInfo, resourceNames: ["default"], errorDetail });
  // The response to this request proves that the NACK was processed; it has no nonce, because a rotation may
  // have intervened.
  client.say();
  await untilSeen("roots after the NACK", patienceMs, () => client.roots.length > 0 || undefined);
}
