import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FakeClock } from "@kasbah/testkit";
import { fakeToken } from "../fake-token.fixture.ts";
import { ReviewUnavailable, type TokenReviewStatus } from "../ports.ts";
import { type PresentedToken, ReviewCache } from "./review-cache.ts";

const statusOf = (authenticated: boolean): TokenReviewStatus => ({
  authenticated,
  audiences: ["istio-ca"],
  error: "",
  user: { username: "system:serviceaccount:demo:frontend", groups: [], extra: {} },
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("ReviewCache", () => {
  let clock: FakeClock;
  let asked: string[];
  let known: boolean[];
  let answer: (token: string) => Promise<TokenReviewStatus>;
  let from: string[];
  let cache: ReviewCache;

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    from = [];
    answer = async () => statusOf(true);
    known = [];
    const ask = async ({ text }: PresentedToken, wasAccepted: boolean) => {
      asked.push(text);
      known.push(wasAccepted);
      await turn();
      return answer(text);
    };
    cache = new ReviewCache({ ask, clock, onAnswer: (source) => from.push(source) });
  });

  const review = (text: string) => cache.review(fakeToken(text));
  const many = (count: number, token: (at: number) => string) =>
    Promise.allSettled(Array.from({ length: count }, (_, at) => review(token(at))));

  describe("ReviewCache under a burst", () => {
    it("sends one review for a hundred concurrent calls with one token", async () => {
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "fulfilled"));
      assert.deepEqual(asked, ["one"]);
      assert.deepEqual(from, [...Array.from({ length: 99 }, () => "shared")]);
    });

    it("fails all concurrent calls with one token together, and sends a new review afterwards", async () => {
      answer = async () => {
        throw new ReviewUnavailable("down");
      };
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "rejected"));
      assert.equal(asked.length, 1);
      answer = async () => statusOf(true);
      assert.ok((await review("one")).authenticated);
    });
  });

  it("keeps the accepted tokens however many others are rejected", async () => {
    answer = async (token) => statusOf(token === "good");
    await review("good");
    await many(20_001, (at) => `invented ${at}`);
    await review("good");
    assert.equal(asked.filter((token) => token === "good").length, 1);
  });

  it("tells that a token was accepted before, until it is rejected", async () => {
    await review("one");
    await clock.advance(5_000);
    answer = async () => statusOf(false);
    await review("one");
    await clock.advance(2_000);
    await review("one");
    assert.deepEqual(known, [false, true, false]);
  });

  it("caches an accepted token for 5 s", async () => {
    await review("one");
    await clock.advance(4_999);
    await review("one");
    assert.equal(asked.length, 1);
    await clock.advance(1);
    await review("one");
    assert.equal(asked.length, 2);
    assert.deepEqual(from, ["cache"]);
  });

  it("caches a rejected token for 2 s, so that the token of a new pod is soon accepted", async () => {
    answer = async () => statusOf(false);
    await review("one");
    answer = async () => statusOf(true);
    await clock.advance(1_999);
    assert.equal((await review("one")).authenticated, false);
    await clock.advance(1);
    assert.equal((await review("one")).authenticated, true);
    assert.equal(asked.length, 2);
  });

  it("measures the age of a review from its response, by the monotonic clock", async () => {
    await review("one");
    clock.jump(3_600_000);
    await review("one");
    clock.jump(-7_200_000);
    await review("one");
    assert.equal(asked.length, 1);
  });

  it("caches nothing if the API server did not review the token", async () => {
    answer = async () => {
      throw new ReviewUnavailable("down");
    };
    for (const round of [1, 2, 3]) {
      await assert.rejects(review("one"), ReviewUnavailable);
      assert.equal(asked.length, round);
    }
  });

  it("caches the review of exactly one token, compared to the last character", async () => {
    answer = async (token) => statusOf(token === "a.b.c");
    assert.equal((await review("a.b.c")).authenticated, true);
    for (const other of ["a.b.d", "a.b.c ", "a.b.C", "a.b.", ""]) {
      assert.equal((await review(other)).authenticated, false, other);
    }
  });

  it("keeps no token in memory after its call", async () => {
    const worker = new Worker(new URL("review-cache-memory.fixture.ts", import.meta.url));
    const [found] = await once(worker, "message");
    assert.deepEqual(found, { foundKept: true, foundForgotten: false, kept: 1 });
  });
});
