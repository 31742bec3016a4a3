import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { manualTimers } from "@kasbah/testkit";
import { grpcStatus } from "../index.ts";
import { message, open, serve, statusOf } from "./guarded-calls.fixture.ts";
import { until } from "./guarded-server.fixture.ts";

const { DEADLINE_EXCEEDED, INTERNAL, OK, RESOURCE_EXHAUSTED } = grpcStatus;
const later = { code: RESOURCE_EXHAUSTED, message: "later" };

describe("CallGuard", () => {
  describe("early refusal", () => {
    it("refuses a call on its headers alone before any of its body has arrived, and never calls a handler", async () => {
      await using world = await serve();
      world.refusal = later;
      assert.equal(await statusOf(open(world, "/test/Slow")), RESOURCE_EXHAUSTED);
      const whole = open(world, "/test/Slow");
      whole.end(message);
      assert.equal(await statusOf(whole), RESOURCE_EXHAUSTED);
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("refuses a call on its headers alone while its body is still arriving, even if the bytes are malformed", async () => {
      await using world = await serve();
      world.refusal = later;
      const streams = Array.from({ length: 20 }, () => open(world, "/test/Slow"));
      for (const stream of streams) stream.write(Buffer.alloc(64 * 1024, 0xff));
      assert.deepEqual(new Set(await Promise.all(streams.map(statusOf))), new Set([RESOURCE_EXHAUSTED]));
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("passes the number of calls in progress to the decision, without refused calls", async () => {
      await using world = await serve();
      const first = open(world, "/test/Slow");
      await until(() => world.server.inFlight === 1);
      world.refusal = later;
      for (const path of ["/test/Slow", "/test/Large"]) await statusOf(open(world, path));
      assert.deepEqual(world.asked, [
        ["/test/Slow", 0],
        ["/test/Slow", 1],
        ["/test/Large", 1],
      ]);
      first.destroy();
      await until(() => world.server.inFlight === 0);
    });
  });

  describe("calls in progress", () => {
    it("counts a call from its headers to its answer, successful or not", async () => {
      await using world = await serve();
      const [good, bad] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      const statuses = [statusOf(good), statusOf(bad)];
      await until(() => world.server.inFlight === 2);
      for (const stream of [good, bad]) stream.end(message);
      await until(() => world.handled.length === 2);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statuses[0], OK);
      assert.equal(world.server.inFlight, 1);
      world.handled[1]?.reject(new Error("broken"));
      assert.equal(await statuses[1], INTERNAL);
      assert.equal(world.server.inFlight, 0);
    });

    it("counts a call once that is cancelled before, during or after its handler", async () => {
      await using world = await serve();
      const [early, late] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      await until(() => world.server.inFlight === 2);
      early.close(constants.NGHTTP2_CANCEL);
      await until(() => world.server.inFlight === 1);
      late.end(message);
      await until(() => world.handled.length === 1);
      late.close(constants.NGHTTP2_CANCEL);
      await until(() => world.server.inFlight === 0);
      world.handled[0]?.resolve(Buffer.of(1));
      const answered = open(world, "/test/Slow");
      answered.once("response", () => answered.close(constants.NGHTTP2_CANCEL));
      answered.end(message);
      await until(() => world.handled.length === 2);
      world.handled[1]?.resolve(Buffer.of(1));
      await once(answered, "close");
      await nextTurn();
      assert.equal(world.server.inFlight, 0);
    });

    it("stops counting a call that ends by a reset, a lost connection or a malformed body", async () => {
      await using world = await serve();
      open(world, "/test/Slow").close(constants.NGHTTP2_PROTOCOL_ERROR);
      const bodies = [Buffer.from([0, 255, 0, 0, 0]), Buffer.concat([message, message]), Buffer.alloc(0)];
      for (const body of bodies) {
        const broken = open(world, "/test/Slow");
        broken.end(body);
        assert.notEqual(await statusOf(broken), OK);
      }
      await until(() => world.server.inFlight === 0);
      for (let count = 0; count < 5; count += 1) open(world, "/test/Slow");
      await until(() => world.server.inFlight === 5);
      world.session.destroy();
      await until(() => world.server.inFlight === 0);
      assert.equal(world.handled.length, 0);
    });

    it("stops counting a call after the client's own deadline", async () => {
      await using world = await serve();
      const stream = world.session.request({
        ":method": "POST",
        ":path": "/test/Slow",
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-timeout": "50m",
      });
      assert.equal(await statusOf(stream), DEADLINE_EXCEEDED);
      await until(() => world.server.inFlight === 0);
    });
  });

  describe("call timeout", () => {
    it("ends a call whose body never arrives, or only in part", async () => {
      await using world = await serve(80);
      const [none, part] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      part.write(message.subarray(0, 3));
      assert.deepEqual(await Promise.all([none, part].map(statusOf)), [DEADLINE_EXCEEDED, DEADLINE_EXCEEDED]);
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("ends a call whose handler is slow, and discards the handler's later answer", async () => {
      await using world = await serve(200);
      using timers = manualTimers();
      const stream = open(world, "/test/Slow");
      stream.end(message);
      await until(() => world.handled.length === 1);
      timers.tick(200);
      assert.equal(await statusOf(stream), DEADLINE_EXCEEDED);
      world.handled[0]?.resolve(Buffer.of(1));
      await nextTurn();
      assert.equal(world.server.inFlight, 0);
      const next = open(world, "/test/Slow");
      next.end(message);
      await until(() => world.handled.length === 2);
      world.handled[1]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(next), OK);
    });

    it("ends a call whose client does not read the answer", async () => {
      await using world = await serve(500);
      using timers = manualTimers();
      const stream = open(world, "/test/Large");
      stream.end(message);
      await once(stream, "response");
      assert.equal(world.server.inFlight, 1);
      timers.tick(500);
      await until(() => world.server.inFlight === 0);
    });

    it("does not end a call that was answered in time", async () => {
      await using world = await serve(300);
      using timers = manualTimers();
      const stream = open(world, "/test/Slow");
      stream.end(message);
      await until(() => world.handled.length === 1);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(stream), OK);
      timers.tick(400);
      await nextTurn();
      assert.equal(world.session.destroyed, false);
      assert.equal(world.server.inFlight, 0);
    });
  });

  it("neither counts, refuses nor ends streams", async () => {
    await using world = await serve(60);
    using timers = manualTimers();
    world.refusal = later;
    const stream = open(world, "/test/Echo");
    for (const _ of [1, 2, 3]) {
      stream.write(message);
      const [echo]: Buffer[] = await once(stream, "data");
      assert.deepEqual(echo, message);
      timers.tick(50);
    }
    assert.deepEqual([world.server.inFlight, world.asked.length], [0, 0]);
    stream.end();
    assert.equal(await statusOf(stream), OK);
  });
});
