import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FakeClock } from "@kasbah/testkit";
import { ReviewUnavailable, type TokenReviewStatus } from "../ports.ts";
import { ReviewCache } from "./review-cache.ts";

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
  let open: number;
  let mostOpen: number;
  let answer: (token: string) => Promise<TokenReviewStatus>;
  let from: string[];
  let cache: ReviewCache;

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    open = 0;
    mostOpen = 0;
    from = [];
    answer = async () => statusOf(true);
    const ask = async (token: string) => {
      asked.push(token);
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      await turn();
      return answer(token).finally(() => {
        open -= 1;
      });
    };
    cache = new ReviewCache({ ask, clock, onAnswer: (source) => from.push(source) });
  });

  const many = (count: number, token: (at: number) => string) =>
    Promise.allSettled(Array.from({ length: count }, (_, at) => cache.review(token(at))));

  describe("ReviewCache under a burst", () => {
    it("sends one review for a hundred concurrent calls with one token", async () => {
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "fulfilled"));
      assert.deepEqual(asked, ["one"]);
      assert.deepEqual(from, ["api-server", ...Array.from({ length: 99 }, () => "shared")]);
    });

    it("fails all concurrent calls with one token together, and sends a new review afterwards", async () => {
      answer = async () => {
        throw new ReviewUnavailable("down");
      };
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "rejected"));
      assert.equal(asked.length, 1);
      answer = async () => statusOf(true);
      assert.ok((await cache.review("one")).authenticated);
    });

    it("sends at most fifty reviews at a time for a thousand tokens, and serves all of them", async () => {
      const answers = await many(1000, String);
      assert.equal(mostOpen, 50);
      const left = answers.flatMap(({ status }, at) => (status === "rejected" ? [String(at)] : []));
      assert.equal(left.length, 450, "all beyond 50 in progress and 500 waiting");
      for (const each of answers) {
        if (each.status === "rejected") assert.ok(each.reason instanceof ReviewUnavailable);
      }
      const again = await many(left.length, (at) => left[at] ?? "");
      assert.ok(again.every(({ status }) => status === "fulfilled"));
      assert.equal(asked.length, 1000);
      assert.equal(mostOpen, 50);
    });

    it("takes no slot for a cached review or for one in progress", async () => {
      await cache.review("known");
      const burst = many(550, String);
      assert.ok((await cache.review("known")).authenticated);
      const shared = cache.review("0");
      await assert.rejects(cache.review("one more"), ReviewUnavailable);
      assert.ok((await shared).authenticated);
      assert.ok((await burst).every(({ status }) => status === "fulfilled"));
    });

    it("frees the slot of a failed review", async () => {
      answer = async () => {
        throw new ReviewUnavailable("down");
      };
      await many(550, String);
      await many(550, (at) => `second ${at}`);
      answer = async () => statusOf(true);
      assert.ok((await cache.review("last")).authenticated);
      assert.equal(open, 0);
    });
  });

  it("caches an accepted token for 5 s", async () => {
    await cache.review("one");
    await clock.advance(4_999);
    await cache.review("one");
    assert.equal(asked.length, 1);
    await clock.advance(1);
    await cache.review("one");
    assert.equal(asked.length, 2);
    assert.deepEqual(from, ["api-server", "cache", "api-server"]);
  });

  it("caches a rejected token for 2 s, so that the token of a new pod is soon accepted", async () => {
    answer = async () => statusOf(false);
    await cache.review("one");
    answer = async () => statusOf(true);
    await clock.advance(1_999);
    assert.equal((await cache.review("one")).authenticated, false);
    await clock.advance(1);
    assert.equal((await cache.review("one")).authenticated, true);
    assert.equal(asked.length, 2);
  });

  it("measures the age of a review from its response, by the monotonic clock", async () => {
    await cache.review("one");
    clock.jump(3_600_000);
    await cache.review("one");
    clock.jump(-7_200_000);
    await cache.review("one");
    assert.equal(asked.length, 1);
  });

  it("caches nothing if the API server did not review the token", async () => {
    answer = async () => {
      throw new ReviewUnavailable("down");
    };
    for (const round of [1, 2, 3]) {
      await assert.rejects(cache.review("one"), ReviewUnavailable);
      assert.equal(asked.length, round);
    }
  });

  it("caches the review of exactly one token, compared to the last character", async () => {
    answer = async (token) => statusOf(token === "a.b.c");
    assert.equal((await cache.review("a.b.c")).authenticated, true);
    for (const other of ["a.b.d", "a.b.c ", "a.b.C", "a.b.", ""]) {
      assert.equal((await cache.review(other)).authenticated, false, other);
    }
  });

  it("keeps no token in memory after its call", async () => {
    const worker = new Worker(new URL("review-cache-memory.fixture.ts", import.meta.url));
    const [found] = await once(worker, "message");
    assert.deepEqual(found, { foundKept: true, foundForgotten: false, kept: 1 });
  });
});
