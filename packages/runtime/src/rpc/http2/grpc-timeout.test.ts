import assert from "node:assert/strict";
import { formatGrpcTimeout, parseGrpcTimeout } from "./grpc-timeout.ts";

describe("grpc-timeout", () => {
  it("rejects any format but 1 to 8 digits and a unit", () => {
    for (const text of [
      "",
      "5",
      "S",
      "123456789S",
      "-1S",
      "1.5S",
      " 1S",
      "1S ",
      "1s",
      "1h",
      "0x1S",
      "1e3S",
      "１S",
      "1S\n",
    ]) {
      assert.equal(parseGrpcTimeout(text), undefined, JSON.stringify(text));
    }
  });

  it("parses each unit", () => {
    const read = ["2H", "2M", "2S", "2m", "2u", "2n", "99999999H", "00000001S"].map(parseGrpcTimeout);
    assert.deepEqual(read, [7_200_000, 120_000, 2_000, 2, 0.002, 0.000002, 359_999_996_400_000, 1_000]);
  });

  it("rounds up when it formats a timeout, and parses it to the same value", () => {
    for (const ms of [0, 0.2, 1, 10_000, 99_999_999, 100_000_000, 1e11, 1e13]) {
      const read = parseGrpcTimeout(formatGrpcTimeout(ms));
      assert.ok(read !== undefined && read >= ms && read <= ms * 1.001 + 1, `${ms} became ${read}`);
    }
    assert.equal(formatGrpcTimeout(Number.MAX_VALUE), "99999999H");
  });
});
