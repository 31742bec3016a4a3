import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { FakeRefusal } from "@kasbah/testkit";
import { mintToken } from "../../harness/pod.ts";
import { fetchLeaf } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { restless, Stage } from "./stage.ts";
import { type Scenario, together } from "./together.ts";

const swaps = 1_000;
/** The agent reads its token once per secret, one per second; several agents read more often. */
const readers = 4;

/** Temporary contents of the token file: none of them may affect the certificate being served. */
const troubles: Readonly<Record<string, () => Promise<Record<string, string | undefined>>>> = {
  expired: async () => ({ token: await mintToken("lonely", -60_000) }),
  missing: async () => ({}),
  empty: async () => ({ token: "" }),
  "a directory": async () => ({ token: undefined }),
  "half-written": async () => ({ token: (await mintToken()).slice(0, 40) }),
};

describe("Agent's token file", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  const recovers =
    (trouble: () => Promise<Record<string, string | undefined>>): Scenario =>
    async () => {
      const ca = await stage.ca();
      ca.answer = async (call) => {
        if (!isExpired(call.authorization)) return ca.honest(call);
        throw new FakeRefusal({ code: grpcStatus.UNAUTHENTICATED, message: "the token has expired" });
      };
      const { agent, socket, token } = await stage.pod({ ca, flags: restless });
      await fetchLeaf(socket);
      await token.swap(await trouble());
      await agent.says('"event":"rotation failed; keeping the current secret"');
      const { leaf } = await fetchLeaf(socket);
      assert.equal(await agent.isReady(), true);

      const good = await mintToken();
      await token.swap({ token: good });
      await agent.until(
        "it has rotated",
        async () => (await fetchLeaf(socket)).leaf.serialNumber !== leaf.serialNumber,
      );
      assert.equal(ca.calls.at(-1)?.authorization, `Bearer ${good}`);
      assert.doesNotMatch(agent.log, /eyJ/);
    };

  together(stage, {
    ...Object.fromEntries(
      Object.entries(troubles).map(([what, trouble]) => [
        `${what === "expired" ? "row 21" : "row 22"}: keeps its certificate while the token is ${what}, and rotates when the kubelet provides a valid token`,
        recovers(trouble),
      ]),
    ),

    [`row 22: never sends a partial token while the token file is replaced ${swaps} times`]: async () => {
      const ca = await stage.ca();
      const pods = await Promise.all(
        Array.from({ length: readers }, () => stage.pod({ ca, flags: restless })),
      );
      const tokens = await Promise.all(Array.from({ length: 50 }, () => mintToken()));
      await Promise.all(
        pods.map(async ({ token }) => {
          for (let i = 0; i < swaps; i += 1) {
            await token.swap({ token: tokens[i % tokens.length] ?? "" });
            await systemClock.sleep(10);
          }
        }),
      );
      await Promise.all(
        pods.map(async ({ agent, socket }) => {
          await fetchLeaf(socket);
          assert.doesNotMatch(agent.log, /"event":"rotation failed/);
        }),
      );
      const whole = new Set(tokens.map((token) => `Bearer ${token}`));
      const sent = ca.calls.map(({ authorization }) => authorization).slice(readers);
      assert.ok(sent.filter((one) => whole.has(one)).length >= readers * 3, `${sent.length} calls`);
      assert.ok(sent.every((one) => one.split(".").length === 3));
    },
  });
});

function isExpired(authorization: string): boolean {
  const claims: unknown = JSON.parse(Buffer.from(authorization.split(".")[1] ?? "", "base64url").toString());
  return (claims as { exp: number }).exp < systemClock.now().getTime() / 1000;
}
