import assert from "node:assert/strict";
import { excessOf, maxBytesOf, segmentBytesOf } from "./limit.ts";

const [mebibyte, gibibyte] = [1024 ** 2, 1024 ** 3];

describe("maxBytesOf", () => {
  it("leaves 5 % of a volume that only the ledger uses, however much it has written", () => {
    const size = gibibyte;
    for (const bytes of [0, 100 * mebibyte, 900 * mebibyte]) {
      const max = maxBytesOf("auto", bytes, { size, free: size - bytes });
      assert.equal(max, Math.floor(0.95 * size));
    }
  });

  it("leaves 32 MiB of a small volume, but at most a fifth", () => {
    for (const [size, free] of [
      [400, 32],
      [100, 20],
    ] as const) {
      const volume = { size: size * mebibyte, free: size * mebibyte };
      assert.equal(maxBytesOf("auto", 0, volume), (size - free) * mebibyte);
    }
  });

  it("leaves at most 1 GiB of a large volume", () => {
    const size = 100 * gibibyte;
    assert.equal(maxBytesOf("auto", 0, { size, free: size }), 99 * gibibyte);
  });

  it("never goes below half of the volume, even if other files leave nothing free", () => {
    const size = gibibyte;
    assert.equal(maxBytesOf("auto", 300 * mebibyte, { size, free: 0 }), size / 2);
    assert.equal(
      maxBytesOf("auto", 700 * mebibyte, { size, free: 0 }),
      Math.floor(700 * mebibyte - size * 0.05),
    );
  });

  it("takes the smaller one of a number and what the volume allows", () => {
    const volume = { size: gibibyte, free: gibibyte };
    assert.equal(maxBytesOf(100 * mebibyte, 0, volume), 100 * mebibyte);
    assert.equal(maxBytesOf(2 * gibibyte, 0, volume), Math.floor(0.95 * gibibyte));
  });

  it("is undefined without a limit", () => {
    assert.equal(maxBytesOf("unlimited", 5, { size: 10, free: 0 }), undefined);
  });
});

describe("segmentBytesOf", () => {
  it("is 16 MiB from a volume of half a GiB on, and smaller where the ledger may take less", () => {
    const large = { size: 100 * gibibyte, free: 0 };
    assert.equal(segmentBytesOf("auto", large), 16 * mebibyte);
    assert.equal(segmentBytesOf("unlimited", large), 16 * mebibyte);
    assert.equal(segmentBytesOf(64 * mebibyte, large), 2 * mebibyte);
    assert.equal(segmentBytesOf("auto", { size: mebibyte, free: 0 }), 256 * 1024);
  });
});

describe("excessOf", () => {
  it("is what the ledger takes beyond its maximum, as long as entries keep half of it", () => {
    assert.equal(excessOf({ bytes: 90, entryBytes: 80, maxBytes: 100 }), 0);
    assert.equal(excessOf({ bytes: 110, entryBytes: 80, maxBytes: 100 }), 10);
    assert.equal(excessOf({ bytes: 400, entryBytes: 60, maxBytes: 100 }), 10);
    assert.equal(excessOf({ bytes: 400, entryBytes: 50, maxBytes: 100 }), 0);
    assert.equal(excessOf({ bytes: 400, entryBytes: 400, maxBytes: undefined }), 0);
  });
});
