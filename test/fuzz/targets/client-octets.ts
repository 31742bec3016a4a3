import assert from "node:assert/strict";
import fc from "fast-check";
import { ClientOctets } from "../../../packages/runtime/src/rpc/http2/harmless-authority/client-octets.ts";
import { byteEdits } from "../edits/byte-edits.ts";
import type { Target } from "../target.ts";

const headers = 1;
const continuation = 9;
const headBytes = 9;
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** `:path: /` and `:authority: /run/x`, both by the static table. */
const raw = Buffer.from("8441062f72756e2f78", "hex");
/** The name `:authority` and a value, both in Huffman code. */
const huffman = Buffer.from("4088b83b5339ec327d7f84f1e3c2e5", "hex");
const session = Buffer.concat([
  preface,
  frame(4, 0, 0, Buffer.alloc(6)),
  frame(headers, 4, 1, huffman),
  frame(0, 1, 1, Buffer.from("hello")),
  frame(
    headers,
    0x28,
    3,
    Buffer.concat([Buffer.from([2, 0x80, 0, 0, 0, 15]), huffman.subarray(0, 4), Buffer.alloc(2)]),
  ),
  frame(continuation, 4, 3, huffman.subarray(4)),
  frame(headers, 5, 5, raw),
  frame(8, 0, 0, Buffer.alloc(4)),
]);

const damage = byteEdits(["\u0041\u0000", "\u0000\u0000\u0001\u0009", preface.toString("latin1")], [session]);
/** Damage behind the preface: before it, everything passes. */
const inputs = damage.map(
  (edit) => new Uint8Array(Buffer.concat([preface, edit(session.subarray(preface.length))])),
);

/**
 * What a client of a Unix socket sends before nghttp2 gets it. Nothing but header blocks may change, however the octets
 * are cut; if something is odd, everything from there on passes as it came.
 */
export const clientOctets: Target = {
  name: "client-octets",
  valid: [new Uint8Array(session)],
  inputs: fc.oneof(inputs, fc.uint8Array({ maxLength: 200 })),
  check(input) {
    const octets = Buffer.from(input);
    const { output, isOff } = pass([octets]);
    const single = pass([...octets].map((octet) => Buffer.of(octet)));
    assert.ok(single.output.equals(output), "the output depends on how the input was cut");
    assert.ok(otherFrames(output).equals(otherFrames(octets)) || isOff, "a frame without headers changed");
    return isOff ? "refused" : "accepted";
  },
};

function pass(chunks: readonly Buffer[]): { readonly output: Buffer; readonly isOff: boolean } {
  const filter = new ClientOctets({ headers: () => {}, notHttp2: () => {}, leaving: () => {} });
  const output = Buffer.concat(chunks.flatMap((chunk) => filter.push(chunk)));
  return { output, isOff: filter.isOff };
}

/** All whole frames that are not part of a header block. */
function otherFrames(octets: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let offset = preface.length; offset + headBytes <= octets.length; ) {
    const end = offset + headBytes + octets.readUIntBE(offset, 3);
    const type = octets.readUInt8(offset + 3);
    if (end > octets.length) break;
    if (type !== headers && type !== continuation) frames.push(octets.subarray(offset, end));
    offset = end;
  }
  return Buffer.concat(frames);
}
