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

/** Says nothing until it is told to end. */
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

describe("How often a reflector asks", () => {
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

  it("is less and less, twice a minute at least, of a server that refuses each list", async () => {
    list = refused(500);
    await reflector.start();
    await clock.advance(60_000);
    assert.ok(lists > 5 && lists < 15, `${lists} lists`);
    lists = 0;
    await clock.advance(10 * 60_000);
    assert.ok(lists >= 20 && lists <= 60, `${lists} lists`);
  });

  for (const [what, end] of Object.entries({ ends: nothing, cuts: cut })) {
    it(`is no loop of a server that ${what} each watch at once, even at the least delay`, async () => {
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

  it("is not before Retry-After, which it believes up to a minute", async () => {
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

  it("is a new watch, and no list, when a watch was silent for a minute and a half", async () => {
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

  it("is soon again after a watch that went well for long", async () => {
    list = refused(500);
    await reflector.start();
    await clock.advance(5 * 60_000);
    list = emptyList;
    await clock.advance(60_000);
    assert.equal(reflector.isSynced, true);
    const before = lists;
    watch = cut;
    // The silence that it met first, and then one cut.
    await clock.advance(91_000);
    watch = silence;
    await clock.advance(1_000);
    assert.ok(lists > before, "no list within a second of the cut");
  });

  it("asks for watches of four to five minutes, with bookmarks, from where the list stood", async () => {
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
