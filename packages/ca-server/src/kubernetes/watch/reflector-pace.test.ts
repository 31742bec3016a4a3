import assert from "node:assert/strict";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { z } from "zod";
import { HttpsError } from "../../errors.ts";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { Reflector } from "./reflector.ts";

const emptyList: HttpsReply = {
  status: 200,
  body: '{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[]}',
  retryAfterMs: undefined,
};
const refused = (status: number, retryAfterMs?: number): HttpsReply => ({ status, body: "{}", retryAfterMs });

/** Sends nothing until it is aborted. */
async function* silence(_: string, signal: AbortSignal): AsyncGenerator<string> {
  await new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  yield "";
}

async function* nothing(): AsyncGenerator<string> {}

async function* cut(): AsyncGenerator<string> {
  yield "";
  throw new HttpsError("the connection was cut");
}

describe("Request rate of a Reflector", () => {
  let clock: FakeClock;
  let lists: number;
  let watches: string[];
  let list: HttpsReply;
  let watch: (path: string, signal: AbortSignal) => AsyncIterable<string>;
  let reflector: Reflector<unknown>;
  let roll: number;

  beforeEach(async () => {
    clock = new FakeClock();
    [lists, watches, list, watch, roll] = [0, [], emptyList, silence, 0.5];
    const client = {
      get: async () => {
        lists += 1;
        return list;
      },
      watch: (path: string, signal: AbortSignal) => {
        watches.push(path);
        return watch(path, signal);
      },
    };
    reflector = new Reflector({
      ...{ name: "pods", path: "/api/v1/pods", kind: "Pod", schema: z.unknown() },
      ...{ client, clock, logger: recordingLogger(), roll: () => roll },
    });
  });

  afterEach(() => reflector.stop());

  it("slows down to two lists a minute if the server refuses each list", async () => {
    list = refused(500);
    await reflector.start();
    await clock.advance(60_000);
    assert.ok(lists > 5 && lists < 15, `${lists} lists`);
    lists = 0;
    await clock.advance(10 * 60_000);
    assert.ok(lists >= 20 && lists <= 60, `${lists} lists`);
  });

  for (const [what, end] of Object.entries({ ends: nothing, aborts: cut })) {
    it(`limits its watches if the server ${what} each one immediately, even at the shortest delay`, async () => {
      [watch, roll] = [end, 0];
      await reflector.start();
      await clock.advance(1_000);
      assert.ok(watches.length <= 21, `${watches.length} watches in a second`);
      roll = 0.5;
      await clock.advance(10 * 60_000);
      watches = [];
      await clock.advance(60_000);
      assert.ok(watches.length <= 6, `${watches.length} watches in a minute`);
    });
  }

  it("respects Retry-After up to a minute", async () => {
    list = refused(429, 20_000);
    await reflector.start();
    await clock.advance(19_000);
    assert.equal(lists, 1);
    await clock.advance(1_000);
    assert.equal(lists, 2);
    list = refused(429, 86_400_000);
    await clock.advance(20_000);
    assert.equal(lists, 3);
    list = emptyList;
    await clock.advance(60_000);
    assert.equal(reflector.isSynced, true);
  });

  it("starts a new watch without a list after ninety seconds of silence", async () => {
    await reflector.start();
    await clock.advance(89_000);
    assert.equal(watches.length, 1);
    await clock.advance(2_000);
    assert.equal(watches.length, 2);
    await clock.advance(10 * 60_000);
    assert.equal(watches.length, 8);
    assert.equal(lists, 1);
    assert.equal(reflector.lastError, undefined);
  });

  it("retries soon after a watch that worked for a long time", async () => {
    list = refused(500);
    await reflector.start();
    await clock.advance(5 * 60_000);
    list = emptyList;
    await clock.advance(60_000);
    assert.equal(reflector.isSynced, true);
    const before = lists;
    watch = cut;
    // The initial silence, and then one closed connection.
    await clock.advance(91_000);
    watch = silence;
    await clock.advance(1_000);
    assert.ok(lists > before, "no list within a second of the cut");
  });

  it("requests watches of four to five minutes with bookmarks, from the version of the list", async () => {
    await reflector.start();
    await clock.advance(1);
    const query = new URLSearchParams(watches[0]?.split("?")[1]);
    assert.deepEqual(Object.fromEntries(query), {
      watch: "true",
      resourceVersion: "7",
      allowWatchBookmarks: "true",
      timeoutSeconds: "270",
    });
  });
});
