import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { ReviewUnavailable } from "../ports.ts";
import { type ReviewLane, ReviewQueue } from "./review-queue.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("ReviewQueue", () => {
  let clock: FakeClock;
  let queue: ReviewQueue;
  let open: number;
  let mostOpen: number;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new ReviewQueue(clock, () => 0.5);
    open = 0;
    mostOpen = 0;
  });

  const review = async () => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    await turn();
    open -= 1;
  };
  /** Each on a connection of its own unless the address has a port. */
  const many = (lane: ReviewLane, count: number, address: (at: number) => string, work = review) =>
    Promise.allSettled(
      Array.from({ length: count }, (_, at) => queue.run(lane, { peerAddress: address(at) }, work)),
    );
  const served = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
    outcomes.filter(({ status }) => status === "fulfilled").length;
  const never = () => new Promise<never>(() => {});

  it("runs at most fifty reviews of proven tokens at a time, and keeps as many waiting as are reviewed in time", async () => {
    const outcomes = await many("proven", 1000, (at) => `10.0.0.1:${at}`);
    assert.equal(mostOpen, 50);
    // The API server is assumed to review a hundred per second, and callers to wait for four.
    assert.equal(served(outcomes), 450);
    for (const each of outcomes) {
      if (each.status === "rejected") assert.ok(each.reason instanceof ReviewUnavailable);
    }
    assert.equal(open, 0);
  });

  it("frees the slot of a failed review", async () => {
    const fail = async () => {
      throw new ReviewUnavailable("down");
    };
    await many("no keys", 300, (at) => `10.0.0.1:${at}`, fail);
    await queue.run("no keys", { peerAddress: "10.0.0.1:1" }, review);
    assert.equal(mostOpen, 1);
  });

  for (const lane of ["unknown key", "no keys"] as const) {
    it(`always has room for a proven token while reviews of the lane "${lane}" hang`, async () => {
      void many(lane, 1000, (at) => `10.0.${at % 250}.1:${at}`, never);
      await queue.run("proven", { peerAddress: "10.0.0.1:1" }, review);
      assert.equal(open, 0);
    });
  }

  it("serves a token soon although an attacker on the same address keeps the lane full", async () => {
    const started: string[] = [];
    const work = (name: string) => async () => {
      started.push(name);
      await turn();
    };
    const flood = Array.from({ length: 600 }, (_, at) =>
      queue.run("no keys", { peerAddress: `10.0.0.1:${at % 6}` }, work("flood")).catch(() => undefined),
    );
    await queue.run("no keys", { peerAddress: "10.0.0.1:99" }, work("good"));
    await Promise.all(flood);
    assert.ok(started.indexOf("good") <= 60, String(started.indexOf("good")));
  });

  it("limits the reviews of tokens with an unknown key: half of the share for one address", async () => {
    const one = (address: string) =>
      queue.run("unknown key", { peerAddress: address }, async () => undefined);
    const reviewed = async (count: number, address: (at: number) => string) => {
      let passed = 0;
      for (let at = 0; at < count; at += 1)
        await one(address(at)).then(
          () => (passed += 1),
          () => undefined,
        );
      return passed;
    };
    assert.equal(await reviewed(1000, (at) => `10.0.0.1:${at}`), 50);
    assert.equal(await reviewed(1000, (at) => `10.1.${at % 250}.${Math.floor(at / 250)}:1`), 50);
    await clock.advance(10_000);
    assert.equal(await reviewed(1000, (at) => `[2001:db8::${at.toString(16)}]:1`), 50, "one /64");
    assert.equal(await reviewed(1000, (at) => `10.2.${at % 250}.${Math.floor(at / 250)}:1`), 50);
  });

  it("tells a caller beyond the share when to retry", async () => {
    const outcomes = await many("unknown key", 1000, (at) => `10.0.${at % 250}.1:${at}`);
    const refused = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    assert.ok(refused.length >= 900);
    assert.ok(refused.some((error: ReviewUnavailable) => (error.retryAfterMs ?? 0) > 0));
  });

  describe("ReviewQueue in a storm", () => {
    /** The order in which the names start, while the API server is busy with fifty other reviews. */
    async function startOrder(asked: readonly (readonly [string, ReviewLane, string])[]): Promise<string[]> {
      const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
      const busy = Array.from({ length: 50 }, (_, at) =>
        queue.run("proven", { peerAddress: `10.9.0.${at}:1`, namespace: "busy" }, () => finished),
      );
      const started: string[] = [];
      const all = asked.map(([name, lane, namespace], at) =>
        queue.run(lane, { peerAddress: `10.0.1.${at}:1`, namespace }, async () => {
          started.push(name);
          await turn();
        }),
      );
      finish();
      await Promise.all([...busy, ...all]);
      return started;
    }

    it("reviews one token of each namespace in turn, however many pods one of them has", async () => {
      const large = Array.from({ length: 90 }, (_, at) => [`large ${at}`, "proven", "large"] as const);
      const small = Array.from({ length: 10 }, (_, at) => [`small ${at}`, "proven", "small"] as const);
      const order = await startOrder([...large, ...small]);
      assert.equal(order.filter((name, at) => at < 20 && name.startsWith("small")).length, 10);
    });

    it("reviews callers that renew a certificate after those that have none", async () => {
      const early = Array.from({ length: 60 }, (_, at) => [`early ${at}`, "renewing", "demo"] as const);
      const order = await startOrder([...early, ["restarted", "proven", "demo"]]);
      assert.equal(order[0], "restarted");
    });

    it("does not let tokens without a proof claim a namespace of their own", async () => {
      const asked = Array.from({ length: 40 }, () =>
        queue.run("no keys", { peerAddress: "10.0.0.1:1", namespace: "demo" }, never),
      );
      const claiming = Array.from({ length: 300 }, (_, at) =>
        queue.run("no keys", { peerAddress: "10.0.0.1:1", namespace: `invented-${at}` }, never),
      );
      const settled = claiming.map((each) =>
        each.then(
          () => "served",
          () => "refused",
        ),
      );
      const refused = await Promise.all(settled.slice(-50));
      assert.deepEqual(new Set(refused), new Set(["refused"]));
      assert.equal(asked.length, 40);
    });

    it("spreads the callers that it refuses over the time that the API server needs for them", async () => {
      const rolls = [0, 0.25, 0.5, 0.75];
      let rolled = 0;
      queue = new ReviewQueue(clock, () => rolls[rolled++ % rolls.length] ?? 0);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 1000 }, (_, at) =>
          queue.run("proven", { peerAddress: `10.0.0.1:${at}`, namespace: "demo" }, review),
        ),
      );
      const waits = outcomes.flatMap((each) =>
        each.status === "rejected" ? [each.reason.retryAfterMs] : [],
      );
      assert.equal(waits.length, 550);
      // 400 wait, and a hundred are reviewed per second.
      assert.ok(Math.min(...waits) >= 4_000);
      assert.ok(Math.max(...waits) > 7_500 && Math.max(...waits) < 10_000, String(Math.max(...waits)));
    });
  });
});
