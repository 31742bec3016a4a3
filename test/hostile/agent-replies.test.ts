import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import {
  createTestAuthority,
  type FakeCa,
  type FakeCaAnswer,
  type FakeCaCall,
  forgeCertificate,
  type LeafOrder,
  startFakeCa,
  type TestAuthority,
} from "@kasbah/testkit";
import type { AgentProcess } from "../harness/agent-process.ts";
import { Pod, lonelySpiffeId as uri } from "../harness/pod.ts";
import { fetchLeaf } from "../harness/sds-client.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const now = () => new Date();
const ago = (ms: number) => new Date(Math.floor((now().getTime() - ms) / 1_000) * 1_000);

/** A CA whose replies the test scripts, one call at a time. */
interface ScriptedCa {
  readonly ca: FakeCa;
  readonly untrusted: TestAuthority;
}

/** Invalid replies, with the reason under which the agent counts them. */
const invalidReplies: Readonly<Record<string, { reason: string; answer: (by: ScriptedCa) => FakeCaAnswer }>> =
  {
    expired: { reason: "expired", answer: (by) => leafWith(by, { notAfter: ago(1_000) }) },
    "not yet valid": {
      reason: "not_yet_valid",
      answer: (by) => leafWith(by, { notBefore: ago(-3_600_000) }),
    },
    "wrong name": {
      reason: "wrong_name",
      answer: (by) => leafWith(by, { names: [uriName(`${uri}-other`)] }),
    },
    "two names": {
      reason: "wrong_name",
      answer: (by) => leafWith(by, { names: [uriName(uri), uriName(`${uri}2`)] }),
    },
    "wrong key": {
      reason: "wrong_key",
      answer: (by) => async (call) =>
        leafWith(by, { publicKey: (await createKeyPair("P-256")).publicKey })(call),
    },
    "CA:TRUE": {
      reason: "ca_leaf",
      answer:
        ({ ca }) =>
        async (call) => [(await caLeaf(ca.authority, call)).toPem(), ca.authority.rootPem],
    },
    "no EKU": {
      reason: "no_eku",
      answer:
        ({ ca }) =>
        async (call) => {
          const genuine = await ca.authority.issue({ publicKey: call.publicKey, names: [uriName(uri)] });
          const serverAuth = Buffer.from("06082b06010505070301", "hex");
          const codeSigning = Buffer.from("06082b06010505070303", "hex");
          const forged = forgeCertificate(genuine, ca.authority.keyPair, serverAuth, codeSigning);
          return [forged.toPem(), ca.authority.rootPem];
        },
    },
    "unknown root": {
      reason: "unknown_root",
      answer:
        ({ untrusted }) =>
        async ({ publicKey }) => [
          (await untrusted.issue({ publicKey, names: [uriName(uri)] })).toPem(),
          untrusted.rootPem,
        ],
    },
    empty: { reason: "empty", answer: () => async () => [] },
    "out of order": {
      reason: "out_of_order",
      answer:
        ({ ca }) =>
        async (call) =>
          [...(await ca.honest(call))].reverse(),
    },
    "extra certificates": {
      reason: "extra_certificates",
      answer:
        ({ ca, untrusted }) =>
        async (call) => {
          const [leaf = "", root = ""] = await ca.honest(call);
          return [leaf, untrusted.rootPem, root];
        },
    },
    "1 MB": {
      reason: "too_large",
      answer:
        ({ ca }) =>
        async (call) => {
          const [leaf = "", root = ""] = await ca.honest(call);
          return [leaf, "A".repeat(1024 * 1024), root];
        },
    },
    "not PEM": { reason: "malformed", answer: () => async () => ["no certificate", "no root"] },
  };

function uriName(value: string) {
  return { kind: "uri" as const, value };
}

function leafWith({ ca }: ScriptedCa, changes: Partial<LeafOrder>): FakeCaAnswer {
  return async ({ publicKey }) => {
    const leaf = await ca.authority.issue({ publicKey, names: [uriName(uri)], ...changes });
    return [leaf.toPem(), ca.authority.rootPem];
  };
}

/** An authority with the caller's own key, which a leaf with CA:TRUE would be. */
async function caLeaf(authority: TestAuthority, call: FakeCaCall) {
  return authority.issueAuthority(call.publicKey, "Leaf");
}

describe("Agent whose CA sends invalid replies", function () {
  this.timeout(suiteTimeoutMs);
  let scripted: ScriptedCa;
  let pod: Pod;
  let agent: AgentProcess;

  before(async () => {
    scripted = { ca: await startFakeCa({ now }), untrusted: await createTestAuthority("Untrusted") };
    // With its whole lifetime as grace period, a secret is replaced one second after its arrival.
    const flags = { "--grace-period-ratio": "1", "--grace-period-jitter": "0" };
    pod = await Pod.create({ ca: scripted.ca, flags });
    agent = pod.start();
    await agent.says("daemon started");
    await servedSerial();
  });

  after(async () => {
    await pod?.[Symbol.asyncDispose]();
    await scripted?.ca.close();
  });

  const servedSerial = async () => (await fetchLeaf(pod.socket)).leaf.serialNumber;
  const discarded = async (reason: string) =>
    (await agent.metric(`kasbah_agent_ca_replies_discarded{reason="${reason}"}`)) ?? 0;

  for (const [title, { reason, answer }] of Object.entries(invalidReplies)) {
    it(`rows 6 to 8: discards an invalid reply (${title}), keeps its certificate, and accepts the next valid reply`, async () => {
      const { ca } = scripted;
      const before = await discarded(reason);
      // The first call gets the invalid reply; the next one waits until the test has checked the agent, and
      // then gets a valid reply.
      const lookedAt = Promise.withResolvers<void>();
      const arrived = Promise.withResolvers<void>();
      let calls = 0;
      ca.answer = async (call) => {
        calls += 1;
        if (calls === 1) return answer(scripted)(call);
        arrived.resolve();
        await lookedAt.promise;
        return ca.honest(call);
      };
      const old = await servedSerial();
      const restored = arrived.promise.then(async () => {
        assert.equal(await servedSerial(), old);
        assert.equal(await discarded(reason), before + 1);
        assert.equal(await agent.isReady(), true);
      });
      await restored.finally(() => lookedAt.resolve());
      await agent.until("a new certificate", async () => (await servedSerial()) !== old);
      ca.answer = undefined;
    });
  }

  it("rows 6 to 8: logs invalid replies without a key, a token or a PEM block", () => {
    assert.match(agent.log, /CA_REPLY_INVALID/);
    assert.doesNotMatch(agent.log, /BEGIN|PRIVATE KEY|eyJ/);
  });
});
