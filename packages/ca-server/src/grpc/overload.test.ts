import assert from "node:assert/strict";
import { parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { Registry } from "@kasbah/runtime";
import { authenticatedRoute, type CallContext, grpcStatus } from "@kasbah/runtime/rpc";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { takeTurns } from "../admission/turns/take-turns.ts";
import { Turns } from "../admission/turns/turns.ts";
import type { Caller } from "../issuance/ports.ts";
import { createCaMetrics } from "../telemetry/metrics.ts";
import { createCertificateRoute } from "./certificate-service.ts";
import { RefusedCall } from "./refused-call.ts";

describe("CreateCertificate, for more callers than the CA can serve in time", () => {
  it("refuses the last ones with a time to retry, which the ledger does not record", async () => {
    const clock = new FakeClock();
    const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
    const credential = { kind: "kubernetes-token", tokenIdHash: undefined } as const;
    const caller: Caller = { spiffeId, credential };
    const recorded: string[] = [];
    const counted: string[] = [];
    const issuance = {
      authenticate: async () => caller,
      createCertificate: () => new Promise<never>(() => {}),
    };
    const turns = new Turns({ atOnce: 1, maxWaiting: 100, patienceMs: 2_000, clock, roll: () => 0 });
    const route = authenticatedRoute(
      createCertificateRoute({
        issuance: takeTurns(issuance, turns, clock),
        metrics: createCaMetrics(new Registry()),
        decisions: {
          refused: async ({ code }) => void recorded.push(code),
          refusedEarly: (code) => void counted.push(code),
        },
        rootClients: { saw: async () => undefined },
        newReferenceId: () => "ref",
        clock,
        logger: recordingLogger(),
        refusals: { write: () => undefined },
      }),
    );
    const context: CallContext = {
      metadata: () => [],
      peerAddress: "10.0.0.1:1",
      peerCertificates: () => [],
      signal: new AbortController().signal,
    };
    const order = { csr: "", validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const body = createCertificate.request.encode(order);
    assert.ok(route.kind === "unary");
    for (let count = 0; count < 101; count += 1) route.serve(body, context).catch(() => {});
    const refusal = await route.serve(body, context).then(
      () => assert.fail("was served"),
      (error: unknown) => error,
    );
    assert.ok(refusal instanceof RefusedCall);
    assert.equal(refusal.status.code, grpcStatus.RESOURCE_EXHAUSTED);
    assert.match(
      refusal.status.message,
      /^OVERLOADED: more callers wait than the CA can serve in time: retry in 1 s/,
    );
    assert.equal(refusal.status.retryAfterMs, 1_000);
    assert.deepEqual([recorded, counted], [[], ["OVERLOADED"]]);
  });
});
