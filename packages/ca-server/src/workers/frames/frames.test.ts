import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { FrameError } from "./frame-error.ts";
import { FrameReceiver } from "./receiver.ts";
import { FrameSender } from "./sender.ts";

const maxFrameBytes = 100_000;

describe("Frames between the main process and a worker", () => {
  let received: [number, string][];
  let receiver: FrameReceiver;

  beforeEach(() => {
    received = [];
    receiver = new FrameReceiver(maxFrameBytes, (kind, message) => received.push([kind, message.text()]));
  });

  /** The bytes that a sender writes for these messages. */
  function sent(...messages: readonly (readonly [number, string])[]): Buffer {
    const stream = new PassThrough();
    const sender = new FrameSender({ stream, maxWaitingBytes: 1_000_000, onStuck: assert.fail });
    for (const [kind, text] of messages) sender.send(kind, (out) => out.text(text));
    sender.flush();
    return stream.read() ?? Buffer.alloc(0);
  }

  it("arrive as they were sent, however the stream is cut", () => {
    const message = fc.tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.string({ unit: "grapheme", maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (messages, step) => {
        received = [];
        const bytes = sent(...messages);
        for (let at = 0; at < bytes.length; at += step) receiver.push(bytes.subarray(at, at + step));
        assert.deepEqual(received, messages);
      }),
    );
  });

  it("leave in one write for each turn of the event loop", async () => {
    const stream = new PassThrough();
    const writes: number[] = [];
    stream.on("data", (chunk: Buffer) => writes.push(chunk.length));
    const sender = new FrameSender({ stream, maxWaitingBytes: 1_000_000, onStuck: assert.fail });
    for (let count = 0; count < 100; count += 1) sender.send(1, (out) => out.uint32(count));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(writes, [100 * 9]);
  });

  it("are rejected if they are empty or longer than allowed, before memory is reserved for them", () => {
    for (const size of [0, maxFrameBytes + 1, 0xffff_ffff]) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(size);
      const fresh = new FrameReceiver(maxFrameBytes, () => {});
      assert.throws(() => fresh.push(head), FrameError);
    }
  });

  it("report once that the other process does not read, and send nothing more", () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    let stuck = 0;
    const onStuck = () => {
      stuck += 1;
    };
    const sender = new FrameSender({ stream, maxWaitingBytes: 1_000, onStuck });
    for (let count = 0; count < 100; count += 1) {
      sender.send(1, (out) => out.text("x".repeat(100)));
      sender.flush();
    }
    assert.equal(stuck, 1);
    assert.ok(stream.readableLength + stream.writableLength < 2_000);
  });

  it("do not contain half a message whose writer threw", () => {
    const stream = new PassThrough();
    const sender = new FrameSender({ stream, maxWaitingBytes: 1_000, onStuck: assert.fail });
    assert.throws(() =>
      sender.send(1, (out) => {
        out.text("half");
        throw new TypeError("no more");
      }),
    );
    sender.send(2, (out) => out.text("whole"));
    sender.flush();
    receiver.push(stream.read());
    assert.deepEqual(received, [[2, "whole"]]);
  });
});

describe("ByteReader", () => {
  const readerOf = (write: (out: ByteWriter) => void) => {
    const out = new ByteWriter();
    write(out);
    return new ByteReader(out.take());
  };

  it("reads every kind of value that a ByteWriter writes", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const reader = readerOf((out) => {
      out.byte(7);
      out.uint32(2 ** 32 - 1);
      out.double(-1.5);
      out.text("ä€");
      out.bytes(bytes);
      out.list([1, 2], (value) => out.byte(value));
      out.optional(undefined, () => {});
      out.optional("there", (value) => out.text(value));
    });
    assert.deepEqual([reader.byte(), reader.uint32(), reader.double()], [7, 2 ** 32 - 1, -1.5]);
    assert.equal(reader.text(), "ä€");
    assert.deepEqual(reader.bytes(), bytes);
    assert.deepEqual(
      reader.list(() => reader.byte()),
      [1, 2],
    );
    assert.deepEqual(
      [reader.optional(() => reader.byte()), reader.optional(() => reader.text())],
      [undefined, "there"],
    );
    reader.end();
  });

  it("rejects values that are longer than the frame, lists that cannot fit, and bytes that are left", () => {
    assert.throws(() => readerOf((out) => out.uint32(5)).text(), FrameError);
    assert.throws(() => readerOf((out) => out.uint32(0xffff_ffff)).list(() => 0), FrameError);
    assert.throws(() => readerOf((out) => out.byte(2)).boolean(), FrameError);
    assert.throws(() => readerOf((out) => out.byte(2)).word(["one", "two"]), FrameError);
    assert.throws(() => readerOf((out) => out.byte(1)).end(), FrameError);
  });
});
