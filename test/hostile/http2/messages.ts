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

/** A call whose token is good, so that nothing but the lie can be the reason of the refusal. */
interface Lie {
  readonly title: string;
  readonly body: (message: Buffer) => Buffer;
  readonly headers?: OutgoingHttpHeaders;
  /** `undefined` stands for a stream that was reset or refused without a gRPC status. */
  readonly status: number | undefined;
}

const lengths: readonly Lie[] = [
  { title: "declares a message of 4 GiB", body: (m) => framed(m, 2 ** 32 - 1), status: RESOURCE_EXHAUSTED },
  { title: "declares a message of 2 GiB", body: (m) => framed(m, 2 ** 31), status: RESOURCE_EXHAUSTED },
  { title: "declares nothing and sends a message", body: (m) => framed(m, 0), status: RESOURCE_EXHAUSTED },
  {
    title: "declares less than it sends",
    body: (m) => framed(m, m.length - 50),
    status: RESOURCE_EXHAUSTED,
  },
  { title: "declares more than it sends", body: (m) => framed(m, m.length + 50), status: UNIMPLEMENTED },
  { title: "cuts its length in half", body: (m) => framed(m).subarray(0, 3), status: UNIMPLEMENTED },
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
    title: "sends one octet more than is taken",
    body: () => framed(Buffer.alloc(64 * 1024 + 1)),
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "lies of its content-length",
    body: framed,
    headers: { "content-length": "3" },
    status: undefined,
  },
];

const encodings: readonly Lie[] = [
  {
    title: "sends 64 MiB of zeros as 64 KiB of gzip",
    body: () => packed(Buffer.alloc(64 * 1024 * 1024)),
    headers: gzip,
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "sends a gzip just small enough to be taken, which unpacks to three times the limit",
    body: () => packed(Buffer.alloc(192 * 1024)),
    headers: gzip,
    status: RESOURCE_EXHAUSTED,
  },
  {
    title: "calls gzip what is none",
    body: (m) => framed(m, m.length, 1),
    headers: gzip,
    status: INTERNAL,
  },
  // grpc-js takes the flag for "as the encoding says", and without one that is "not at all".
  {
    title: "sets the flag of compression and names no encoding",
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

const odd: readonly Lie[] = [
  {
    title: "has a deadline that is over",
    body: framed,
    headers: { "grpc-timeout": "0n" },
    status: DEADLINE_EXCEEDED,
  },
  {
    title: "calls a method __proto__",
    body: framed,
    headers: { ":path": "/__proto__/constructor" },
    status: UNIMPLEMENTED,
  },
  { title: "speaks JSON", body: framed, headers: { "content-type": "application/json" }, status: undefined },
];

/** Bodies whose frame or encoding is not what it says. */
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
