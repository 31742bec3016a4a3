import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { CaError } from "../../errors.ts";
import { fakeToken } from "../fake-token.fixture.ts";
import type { TokenProof } from "./cluster-keys.ts";
import { TokenReviewer } from "./token-reviewer.ts";

const hourMs = 3_600_000;
const user = { username: "system:serviceaccount:demo:frontend", groups: [], extra: {} };

describe("TokenReviewer", () => {
  let clock: FakeClock;
  let proof: TokenProof | CaError;
  let authenticated: boolean;
  let lanes: string[];
  let answers: string[];
  let reviewer: TokenReviewer;

  beforeEach(() => {
    clock = new FakeClock();
    [proof, authenticated, lanes, answers] = ["proven", true, [], []];
    const prove = async () => {
      if (proof instanceof CaError) throw proof;
      return proof;
    };
    reviewer = new TokenReviewer({
      keys: { prove },
      queue: {
        run: (lane, _address, review) => {
          lanes.push(lane);
          return review();
        },
      },
      ask: async () => ({ authenticated, audiences: ["istio-ca"], error: "", user }),
      onAnswer: (from) => answers.push(from),
      clock,
    });
  });

  /** A leaf of a day that has lasted for this many hours. */
  async function leafAged(hours: number): Promise<Uint8Array> {
    const authority = await createTestAuthority();
    const { publicKey } = await createKeyPair("P-256");
    const notBefore = new Date(clock.now().getTime() - hours * hourMs);
    const notAfter = new Date(notBefore.getTime() + 24 * hourMs);
    const names = [{ kind: "dns", value: "frontend" }] as const;
    return (await authority.issue({ publicKey, notBefore, notAfter, names })).der;
  }

  const review = (wasAccepted = false) => reviewer.review(fakeToken(), wasAccepted);

  it("asks nothing about a forged token", async () => {
    proof = new CaError("TOKEN_REJECTED", "forged");
    await rejectsWithCode(review(), "TOKEN_REJECTED");
    assert.deepEqual([lanes, answers], [[], ["key-set"]]);
  });

  it("reviews a token in the lane of its proof, and one that was accepted before with the proven ones", async () => {
    authenticated = false;
    for (const each of ["proven", "unknown key", "no keys"] as const) {
      proof = each;
      await review();
      await review(true);
    }
    assert.deepEqual(lanes, ["proven", "proven", "unknown key", "proven", "no keys", "proven"]);
    assert.deepEqual(new Set(answers), new Set(["api-server"]));
  });

  it("limits unknown keys no more than unreadable ones while the API server accepts a key that it hides", async () => {
    proof = "unknown key";
    await review();
    await review();
    await clock.advance(600_000);
    await review();
    assert.deepEqual(lanes, ["unknown key", "no keys", "unknown key"]);
  });

  it("reviews a proven token later if its caller holds a certificate that lasts", async () => {
    for (const hours of [1, 12, 17, 19, 25]) {
      await reviewer.review({ ...fakeToken(), peerCertificates: [await leafAged(hours)] }, false);
    }
    await reviewer.review({ ...fakeToken(), peerCertificates: [Buffer.from("no certificate")] }, false);
    assert.deepEqual(lanes, ["renewing", "renewing", "renewing", "proven", "proven", "proven"]);
  });
});
