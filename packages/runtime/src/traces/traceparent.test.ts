import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("parseTraceparent", () => {
  it("reads the ids and the sampled flag beside any other flag", () => {
    for (const [flags, isSampled] of [
      ["00", false],
      ["01", true],
      ["fe", false],
      ["ff", true],
    ] as const)
      assert.deepEqual(parseTraceparent([`00-${traceId}-${spanId}-${flags}`]), {
        traceId,
        spanId,
        isSampled,
      });
  });

  it("reads the known fields of a later version, which may have more", () => {
    for (const header of [`01-${traceId}-${spanId}-01`, `cc-${traceId}-${spanId}-01-what-follows`])
      assert.deepEqual(parseTraceparent([header]), { traceId, spanId, isSampled: true });
  });

  it("treats a header that is malformed, too long, or present twice as missing", () => {
    const good = `00-${traceId}-${spanId}-01`;
    const malformed = [
      "",
      good.toUpperCase(),
      ` ${good}`,
      `${good} `,
      `${good}\n`,
      `${good}-`,
      `${good}-more`,
      `ff-${traceId}-${spanId}-01`,
      `0-${traceId}-${spanId}-01`,
      `00-${"0".repeat(32)}-${spanId}-01`,
      `00-${traceId}-${"0".repeat(16)}-01`,
      `00-${traceId}-${spanId}-1`,
      `00-${traceId}-${spanId}`,
      `00-${traceId.slice(1)}-${spanId}-01`,
      `00-${traceId}-${spanId}0-01`,
      `00_${traceId}_${spanId}_01`,
      `01-${traceId}-${spanId}-01more`,
      `01-${traceId}-${spanId}-01-${"x".repeat(300)}`,
    ];
    for (const header of malformed) assert.equal(parseTraceparent([header]), undefined, header);
    assert.equal(parseTraceparent([good, good]), undefined);
    assert.equal(parseTraceparent([]), undefined);
  });

  it("returns undefined or a context in the canonical form for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const context = parseTraceparent([text]);
        if (context !== undefined)
          assert.match(formatTraceparent(context), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      }),
    );
  });

  it("reads what formatTraceparent writes", () => {
    for (const isSampled of [true, false]) {
      const context = { traceId, spanId, isSampled };
      assert.deepEqual(parseTraceparent([formatTraceparent(context)]), context);
    }
  });
});
