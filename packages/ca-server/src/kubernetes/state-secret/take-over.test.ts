import assert from "node:assert/strict";
import { inspect } from "node:util";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { findTakeOver } from "./take-over.ts";

describe("Take-over of a Secret", () => {
  const takeOver = (reply: Partial<HttpsReply>) =>
    findTakeOver({
      client: { get: async () => ({ status: 200, body: "{}", retryAfterMs: undefined, ...reply }) },
      ...{ namespace: "istio-system", names: ["cacerts"], passphrase: undefined },
      trustDomain: parseTrustDomain("cluster.local"),
      ...{ clock: new FakeClock(), logger: recordingLogger() },
    });

  const key = "TUlHSEFnRUFN";
  const troubles: Record<string, Partial<HttpsReply>> = {
    "is refused by the API server": { status: 403, body: key },
    "is truncated in the middle of a key": { body: `{"data":{"ca-key.pem":"${key}` },
    "is not a Secret": { body: JSON.stringify({ metadata: {}, data: [key] }) },
    "contains no pair of key and certificate": {
      body: JSON.stringify({
        metadata: { name: "cacerts", namespace: "istio-system" },
        data: { "ca-key.pem": key },
      }),
    },
  };
  for (const [what, reply] of Object.entries(troubles)) {
    it(`stops the CA without quoting the Secret if it ${what}`, async () => {
      const refusal = await rejectsWithCode(takeOver(reply), "PLUGGED_IN_REJECTED");
      assert.match(String(refusal), /istio-system\/cacerts/);
      assert.doesNotMatch(inspect(refusal, { depth: 9 }), new RegExp(key));
    });
  }

  it("returns undefined if no such Secret exists", async () => {
    assert.equal(await takeOver({ status: 404 }), undefined);
  });
});
