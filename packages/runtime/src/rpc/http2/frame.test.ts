import assert from "node:assert/strict";
import { array, assert as holds, integer, property, uint8Array } from "fast-check";
import { grpcStatus } from "../index.ts";
import { FrameReader, frameOf } from "./frame.ts";
import { WireFault } from "./wire-fault.ts";

const reader = (maxBytes = 1024, encoding?: string) => new FrameReader({ maxBytes, encoding });
const read = (from: FrameReader, ...chunks: Uint8Array[]) => chunks.flatMap((chunk) => [...from.push(chunk)]);

/** The status code of the error that is thrown. */
function faultOf(run: () => unknown): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof WireFault);
    return error.status.code;
  }
}

describe("FrameReader", () => {
  it("rejects a length over the limit on the prefix alone, and accepts the limit itself", () => {
    const over = frameOf(Buffer.alloc(1025));
    assert.equal(
      faultOf(() => read(reader(), over.subarray(0, 5))),
      grpcStatus.RESOURCE_EXHAUSTED,
    );
    assert.equal(read(reader(), frameOf(Buffer.alloc(1024)))[0]?.length, 1024);
  });

  it("rejects unknown flags, and compressed messages with a code that depends on the announced encoding", () => {
    const flagged = (flag: number) => Buffer.from([flag, 0, 0, 0, 0]);
    assert.equal(
      faultOf(() => read(reader(), flagged(2))),
      grpcStatus.INTERNAL,
    );
    assert.equal(
      faultOf(() => read(reader(), flagged(1))),
      grpcStatus.INTERNAL,
    );
    assert.equal(
      faultOf(() => read(reader(1024, "identity"), flagged(1))),
      grpcStatus.INTERNAL,
    );
    assert.equal(
      faultOf(() => read(reader(1024, "gzip"), flagged(1))),
      grpcStatus.UNIMPLEMENTED,
    );
  });

  it("detects a truncated message, wherever it is cut", () => {
    const frame = frameOf(Buffer.from("hello"));
    for (let length = 1; length < frame.length; length += 1) {
      const cut = reader();
      assert.deepEqual(read(cut, frame.subarray(0, length)), []);
      assert.equal(
        faultOf(() => cut.finish()),
        grpcStatus.INTERNAL,
      );
    }
    const whole = reader();
    read(whole, frame);
    whole.finish();
  });

  it("allocates memory for received bytes, not for the announced length", () => {
    const promising = Buffer.from([0, 0x03, 0xff, 0xff, 0xff, 1]);
    const before = process.memoryUsage().arrayBuffers;
    const many = Array.from({ length: 100 }, () => reader(64 * 1024 * 1024));
    for (const each of many) read(each, promising);
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
    for (const each of many) assert.throws(() => each.finish(), WireFault);
  });

  it("finds the same messages, however the bytes are split", () => {
    const messages = array(uint8Array({ maxLength: 40 }), { maxLength: 8 });
    holds(
      property(messages, array(integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(frameOf));
        const chunks: Buffer[] = [];
        for (let offset = 0; offset < bytes.length; ) {
          const size = sizes[chunks.length % sizes.length] ?? 1;
          chunks.push(bytes.subarray(offset, offset + size));
          offset += size;
        }
        const found = reader();
        assert.deepEqual(read(found, ...chunks).map(hex), sent.map(hex));
        found.finish();
      }),
    );
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
