import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { grpcStatus } from "@kasbah/runtime/rpc";
import type { Attack } from "./attack.ts";
import { newWorkload } from "./control-call.ts";
import { callOnce, framed } from "./grpc-call.ts";

const { OK, UNIMPLEMENTED, RESOURCE_EXHAUSTED, INTERNAL, DEADLINE_EXCEEDED } = grpcStatus;
const none = Buffer.alloc(0);
const gzip = { "grpc-encoding": "gzip" };

/** A call with a valid token, so that only the malformed part can cause the refusal. */
interface MalformedCall {
  readonly title: string;
  readonly body: (message: Buffer) => Buffer;
  readonly headers?: OutgoingHttpHeaders;
  /** `undefined` for a stream that was reset or refused without a gRPC status. */
  readonly status: number | undefined;
}

const lengths: readonly MalformedCall[] = [
  { title: "declares a message of 4 GiB", body: (m) => framed(m, 2 ** 32 - 1), status: RESOURCE_EXHAUSTED },
  { title: "declares a message of 2 GiB", body: (m) => framed(m, 2 ** 31), status: RESOURCE_EXHAUSTED },
  {
    title: "declares an empty message and sends data",
    body: (m) => framed(m, 0),
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "declares less than it sends",
    body: (m) => framed(m, m.length - 50),
    status: RESOURCE_EXHAUSTED,
  },
  { title: "declares more than it sends", body: (m) => framed(m, m.length + 50), status: UNIMPLEMENTED },
  { title: "truncates the length prefix", body: (m) => framed(m).subarray(0, 3), status: UNIMPLEMENTED },
  { title: "sends no message at all", body: () => none, status: UNIMPLEMENTED },
  {
    title: "sends its message twice",
    body: (m) => Buffer.concat([framed(m), framed(m)]),
    status: UNIMPLEMENTED,
  },
  {
    title: "sends 10,000 empty messages",
    body: () => Buffer.alloc(10_000 * framed(none).length),
    status: UNIMPLEMENTED,
  },
  {
    title: "sends one octet more than allowed",
    body: () => framed(Buffer.alloc(64 * 1024 + 1)),
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "sends a wrong content-length",
    body: framed,
    headers: { "content-length": "3" },
    status: undefined,
  },
];

const encodings: readonly MalformedCall[] = [
  {
    title: "sends 64 MiB of zeros as 64 KiB of gzip",
    body: () => packed(Buffer.alloc(64 * 1024 * 1024)),
    headers: gzip,
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "sends a gzip within the limit that decompresses to three times the limit",
    body: () => packed(Buffer.alloc(192 * 1024)),
    headers: gzip,
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "declares gzip for data that is not gzip",
    body: (m) => framed(m, m.length, 1),
    headers: gzip,
    status: INTERNAL,
  },
  // grpc-js interprets the flag as "compressed with the declared encoding", which means "not compressed" if
  // none is declared.
  {
    title: "sets the compression flag without an encoding",
    body: (m) => framed(m, m.length, 1),
    status: OK,
  },
  ...["br", "gzip, gzip", "constructor", "__proto__", "x".repeat(8_000)].map((name) => ({
    title: `names the encoding ${name.slice(0, 20)}`,
    body: (m: Buffer) => framed(m, m.length, 1),
    headers: { "grpc-encoding": name },
    status: UNIMPLEMENTED,
  })),
];

const odd: readonly MalformedCall[] = [
  {
    title: "has an expired deadline",
    body: framed,
    headers: { "grpc-timeout": "0n" },
    status: DEADLINE_EXCEEDED,
  },
  {
    title: "calls a method named __proto__",
    body: framed,
    headers: { ":path": "/__proto__/constructor" },
    status: UNIMPLEMENTED,
  },
  { title: "speaks JSON", body: framed, headers: { "content-type": "application/json" }, status: undefined },
];

/** Bodies whose frame or encoding does not match its declaration. */
export const messages: readonly Attack[] = [...lengths, ...encodings, ...odd].map(
  ({ title, body, headers, status }) => ({
    title,
    async run(ca) {
      const workload = await newWorkload(ca);
      const bytes = body(workload.message);
      const outcome = await callOnce(ca, bytes, { ...headers, ...workload.headers });
      assert.equal(outcome.status, status, outcome.message);
    },
  }),
);

function packed(message: Buffer): Buffer {
  const bytes = gzipSync(message);
  return framed(bytes, bytes.length, 1);
}
