import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId } from "@kasbah/pki";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import type { Caller } from "../issuance/ports.ts";
import { timedAuthenticator } from "./timed-authenticator.ts";

const caller: Caller = {
  spiffeId: SpiffeId.forWorkload(parseTrustDomain("cluster.local"), {
    namespace: "demo",
    serviceAccount: "a",
  }),
  credential: { kind: "kubernetes-token", tokenIdHash: undefined },
};
const credentials = { authorization: ["Bearer a.b.c"], peerCertificates: [] };

describe("timedAuthenticator", () => {
  let clock: FakeClock;
  let times: number[];
  let verdict: () => Caller;

  beforeEach(() => {
    clock = new FakeClock();
    times = [];
  });

  const timed = () => {
    const authenticate = async () => {
      await clock.sleep(70);
      return verdict();
    };
    return timedAuthenticator({ authenticate }, clock, (ms) => times.push(ms));
  };

  it("reports the duration of a refusal and rethrows it", async () => {
    verdict = () => {
      throw new CaError("TOKEN_REJECTED", "no");
    };
    const refused = rejectsWithCode(timed().authenticate(credentials), "TOKEN_REJECTED");
    await clock.advance(100);
    await refused;
    assert.deepEqual(times, [70]);
  });

  it("reports the duration of a success by the monotonic clock", async () => {
    verdict = () => caller;
    const accepted = timed().authenticate(credentials);
    clock.jump(-3_600_000);
    await clock.advance(100);
    assert.equal(await accepted, caller);
    assert.deepEqual(times, [70]);
  });
});
