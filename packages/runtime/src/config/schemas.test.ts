import assert from "node:assert/strict";
import type { Reading, Schema } from "./schema.ts";
import * as schema from "./schemas.ts";

const refused: [string, Schema<unknown>, string[]][] = [
  ["text", schema.text, [""]],
  ["path", schema.path, ["", "a\0b"]],
  ["duration", schema.duration, ["", "0s", "0", "-1s", "1.5h", "abc"]],
  ["durationOrZero", schema.durationOrZero, ["", "0", "-1s", "1.5h", "abc"]],
  ["hostPort", schema.hostPort, ["", "a", "a:0", "a:65536", ":1"]],
  ["listenAddress", schema.listenAddress, ["", "a", "a:65536", ":1"]],
  ["boolean", schema.boolean, ["", "yes", "TRUE", "2", "true "]],
  ["ratio", schema.ratio, ["", "-0", "1.1", "1e-1", "NaN", ".", "0x1", " 0.5", "0,5", "00.5"]],
  ["wholeNumber", schema.wholeNumber(1, 10), ["", "0", "11", "1.0", "1e1", "-1", "9".repeat(30)]],
  ["choice", schema.choice(["a", "b"]), ["", "A", "a,b", "c"]],
];

const accepted: [string, Schema<unknown>, Record<string, unknown>][] = [
  ["duration", schema.duration, { "90s": 90_000, "24h0m0s": 86_400_000 }],
  ["durationOrZero", schema.durationOrZero, { "0s": 0, "0h": 0, "30s": 30_000 }],
  ["hostPort", schema.hostPort, { "ca:15012": { host: "ca", port: 15_012 } }],
  ["listenAddress", schema.listenAddress, { "[::]:0": { host: "::", port: 0 } }],
  ["boolean", schema.boolean, { true: true, "1": true, false: false, "0": false }],
  ["ratio", schema.ratio, { "0": 0, "1": 1, "0.5": 0.5, ".25": 0.25, "1.0": 1, "0.0": 0 }],
  ["wholeNumber", schema.wholeNumber(1, 10), { "1": 1, "10": 10 }],
  ["choice", schema.choice(["a", "b"]), { a: "a" }],
];

function valueIn(reading: Reading<unknown>): unknown {
  return reading.ok ? reading.value : assert.fail(reading.problem);
}

describe("schemas", () => {
  for (const [name, tested, texts] of refused) {
    it(`${name} rejects ${texts.map((text) => JSON.stringify(text.slice(0, 12))).join(" ")}`, () => {
      assert.deepEqual(
        texts.filter((text) => tested.read(text).ok),
        [],
      );
    });
  }

  for (const [name, tested, values] of accepted) {
    it(`${name} reads ${Object.keys(values).join(" ")}`, () => {
      const read = Object.keys(values).map((text) => [text, valueIn(tested.read(text))]);
      assert.deepEqual(Object.fromEntries(read), values);
    });
  }

  it("reports the message of the parser that threw", () => {
    const parse = () => {
      throw new Error("expected a trust domain");
    };
    assert.deepEqual(schema.parsed(parse).read("x"), { ok: false, problem: "expected a trust domain" });
  });
});
