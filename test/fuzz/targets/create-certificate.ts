import assert from "node:assert/strict";
import { parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { createLogger, Registry, systemClock } from "@kasbah/runtime";
import { authenticatedRoute } from "@kasbah/runtime/rpc";
import { CaError } from "../../../packages/ca-server/src/errors.ts";
import { createCertificateRoute } from "../../../packages/ca-server/src/grpc/certificate-service.ts";
import { RefusedCall } from "../../../packages/ca-server/src/grpc/refused-call.ts";
import type { CertificateRequestBody } from "../../../packages/ca-server/src/issuance/issue-certificate.ts";
import { createCaMetrics } from "../../../packages/ca-server/src/telemetry/metrics.ts";
import { requestPems } from "../corpus.ts";
import { textMutants } from "../mutants.ts";
import type { Target } from "../target.ts";

const csr = requestPems[0] ?? "";
const orders = [
  { csr, validityDurationSeconds: 86_400, impersonatedIdentity: "", certSigner: "" },
  { csr: "", validityDurationSeconds: -1, impersonatedIdentity: "spiffe://a/ns/b/sa/c", certSigner: "s" },
].map((order) => createCertificate.request.encode(order));
const words = [
  "\u0000",
  "\u0001",
  "\u007f",
  "\u0022\u0000",
  "\n\u0014ImpersonatedIdentity",
  "\u0012\u0002\b\u0000",
];

let order: CertificateRequestBody | undefined;

const caller = {
  spiffeId: parseSpiffeId("spiffe://cluster.local/ns/demo/sa/fuzz"),
  credential: { kind: "jwks-token", issuer: "https://issuer.test", tokenIdHash: undefined },
} as const;

/** Reads the order, like the real authority after authentication, and issues nothing. */
const issuance = {
  authenticate: async () => caller,
  createCertificate: async (call: { readBody(): CertificateRequestBody }): Promise<never> => {
    order = call.readBody();
    throw new CaError("OVERLOADED", "no certificates here");
  },
};

const route = authenticatedRoute(
  createCertificateRoute({
    issuance,
    metrics: createCaMetrics(new Registry()),
    decisions: { refused: async () => undefined, refusedEarly: () => undefined },
    rootClients: { saw: async () => undefined },
    newReferenceId: () => "ref",
    clock: systemClock,
    logger: createLogger({ level: "silent", format: "json" }),
    refusals: { write: () => undefined },
  }),
);
const context = {
  metadata: () => [],
  peerAddress: "127.0.0.1:1",
  peerCertificates: () => [],
  signal: AbortSignal.abort(),
};

/** The body of a call, through the handler that stock agents call. */
export const createCertificateBody: Target = {
  name: "create-certificate",
  valid: orders,
  inputs: textMutants([...orders, nested(20), nested(400)], words),
  async check(body) {
    order = undefined;
    assert.ok(route.kind === "unary");
    const refused: unknown = await route.serve(body, context).catch((error: unknown) => error);
    assert.ok(refused instanceof RefusedCall && refused.cause instanceof CaError, String(refused));
    if (order === undefined) {
      assert.equal(refused.cause.code, "REQUEST_MALFORMED");
      return "refused";
    }
    const { csrPem, ttlSeconds, impersonatedIdentity } = order;
    assert.ok(typeof csrPem === "string" && typeof impersonatedIdentity === "string");
    assert.ok(Number.isFinite(ttlSeconds));
    return "accepted";
  },
};

/** Lists nested this deep in the metadata, to exhaust the stack of a recursive parser. */
function nested(depth: number): Uint8Array {
  let value = Buffer.of(0x08, 0x00);
  for (let level = 0; level < depth; level += 1) value = field(6, field(1, value));
  const entry = Buffer.concat([field(1, Buffer.from("CertSigner")), field(2, value)]);
  return field(4, field(1, entry));
}

/** A field of wire type 2. */
function field(number: number, content: Uint8Array): Buffer<ArrayBuffer> {
  const length = [];
  let left = content.length;
  for (; left > 0x7f; left = Math.floor(left / 128)) length.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length, left), content]);
}
