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

describe("The API server's verdicts on tokens", () => {
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

  describe("under a burst", () => {
    it("are asked for once by a hundred calls with one token", async () => {
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "fulfilled"));
      assert.deepEqual(asked, ["one"]);
      assert.deepEqual(from, ["api-server", ...Array.from({ length: 99 }, () => "shared")]);
    });

    it("fail together for all who asked with one token, and are asked for again afterwards", async () => {
      answer = async () => {
        throw new ReviewUnavailable("down");
      };
      const answers = await many(100, () => "one");
      assert.ok(answers.every(({ status }) => status === "rejected"));
      assert.equal(asked.length, 1);
      answer = async () => statusOf(true);
      assert.ok((await cache.review("one")).authenticated);
    });

    it("of a thousand tokens are asked for fifty at a time, and refused to none for good", async () => {
      const answers = await many(1000, String);
      assert.equal(mostOpen, 50);
      const left = answers.flatMap(({ status }, at) => (status === "rejected" ? [String(at)] : []));
      assert.equal(left.length, 450, "beyond fifty asked and five hundred waiting");
      for (const each of answers) {
        if (each.status === "rejected") assert.ok(each.reason instanceof ReviewUnavailable);
      }
      const again = await many(left.length, (at) => left[at] ?? "");
      assert.ok(again.every(({ status }) => status === "fulfilled"));
      assert.equal(asked.length, 1000);
      assert.equal(mostOpen, 50);
    });

    it("that are known or under way cost nobody a place", async () => {
      await cache.review("known");
      const burst = many(550, String);
      assert.ok((await cache.review("known")).authenticated);
      const shared = cache.review("0");
      await assert.rejects(cache.review("one more"), ReviewUnavailable);
      assert.ok((await shared).authenticated);
      assert.ok((await burst).every(({ status }) => status === "fulfilled"));
    });

    it("that fail free their places", async () => {
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

  it("are kept five seconds when they are good", async () => {
    await cache.review("one");
    await clock.advance(4_999);
    await cache.review("one");
    assert.equal(asked.length, 1);
    await clock.advance(1);
    await cache.review("one");
    assert.equal(asked.length, 2);
    assert.deepEqual(from, ["api-server", "cache", "api-server"]);
  });

  it("are kept two seconds when they are bad, so that a new pod's token is soon good", async () => {
    answer = async () => statusOf(false);
    await cache.review("one");
    answer = async () => statusOf(true);
    await clock.advance(1_999);
    assert.equal((await cache.review("one")).authenticated, false);
    await clock.advance(1);
    assert.equal((await cache.review("one")).authenticated, true);
    assert.equal(asked.length, 2);
  });

  it("are kept from the moment of the answer, by a clock that nobody sets", async () => {
    await cache.review("one");
    clock.jump(3_600_000);
    await cache.review("one");
    clock.jump(-7_200_000);
    await cache.review("one");
    assert.equal(asked.length, 1);
  });

  it("are not kept at all when there were none", async () => {
    answer = async () => {
      throw new ReviewUnavailable("down");
    };
    for (const round of [1, 2, 3]) {
      await assert.rejects(cache.review("one"), ReviewUnavailable);
      assert.equal(asked.length, round);
    }
  });

  it("are of one token each, to the last character", async () => {
    answer = async (token) => statusOf(token === "a.b.c");
    assert.equal((await cache.review("a.b.c")).authenticated, true);
    for (const other of ["a.b.d", "a.b.c ", "a.b.C", "a.b.", ""]) {
      assert.equal((await cache.review(other)).authenticated, false, other);
    }
  });

  it("are kept without the tokens: none is found in memory after its call", async () => {
    const worker = new Worker(new URL("review-cache-memory.fixture.ts", import.meta.url));
    const [found] = await once(worker, "message");
    assert.deepEqual(found, { foundKept: true, foundForgotten: false, kept: 1 });
  });
});
