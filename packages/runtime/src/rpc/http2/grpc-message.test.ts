import assert from "node:assert/strict";
import { assert as holds, property, string } from "fast-check";
import { decodeGrpcMessage, encodeGrpcMessage } from "./grpc-message.ts";

describe("grpc-message", () => {
  it("keeps the text of an invalid encoding", () => {
    assert.equal(decodeGrpcMessage("100%"), "100%");
    assert.equal(decodeGrpcMessage("%zz%4"), "%zz%4");
    assert.equal(decodeGrpcMessage("%ff"), "\ufffd");
    assert.equal(decodeGrpcMessage("%+1% 1%0x"), "%+1% 1%0x");
  });

  it("encodes to header bytes only, and stays short", () => {
    assert.equal(encodeGrpcMessage("a\r\nb: c%\0é"), "a%0D%0Ab: c%25%00%C3%A9");
    assert.ok(encodeGrpcMessage("\0".repeat(100_000)).length <= 4096);
    assert.ok(decodeGrpcMessage("x".repeat(100_000)).length <= 4096);
  });

  it("decodes to the same text, in any script", () => {
    holds(
      property(string({ unit: "grapheme", maxLength: 60 }), (message) => {
        const encoded = encodeGrpcMessage(message);
        assert.match(encoded, /^[ -~]*$/);
        assert.equal(decodeGrpcMessage(encoded), message);
      }),
    );
  });
});
