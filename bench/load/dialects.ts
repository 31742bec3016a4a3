import type { OutgoingHttpHeaders } from "node:http2";
import type { Dialect } from "./order.ts";

/** A call, ready to be written. */
export interface Call {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

interface Asked {
  readonly token: string;
  readonly csr: string;
  readonly lifetimeSeconds: number;
}

/** How a certificate is requested from each kind of CA. */
export const dialects: Readonly<Record<Dialect, (asked: Asked) => Call>> = {
  istio: ({ token, csr, lifetimeSeconds }) => ({
    headers: {
      ":method": "POST",
      ":path": "/istio.v1.auth.IstioCertificateService/CreateCertificate",
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    body: grpcFrame(certificateRequest(csr, lifetimeSeconds)),
  }),
  "step-ca": ({ token, csr, lifetimeSeconds }) => ({
    headers: { ":method": "POST", ":path": "/1.0/sign", "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ csr, ott: token, notAfter: `${lifetimeSeconds}s` })),
  }),
};

/** `istio.v1.auth.IstioCertificateRequest` with the CSR (1) and the lifetime in seconds (3). */
function certificateRequest(csr: string, lifetimeSeconds: number): Buffer {
  const text = Buffer.from(csr);
  return Buffer.concat([
    Buffer.from([0x0a, ...varint(text.length)]),
    text,
    Buffer.from([0x18, ...varint(lifetimeSeconds)]),
  ]);
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function grpcFrame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
