import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { checkHealth, createCertificate, decodeErrorInfo, decodeRetryAfterMs } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import type { ServingIdentity } from "@kasbah/runtime/grpc";
import { authenticatedRoute, defaultLimits } from "@kasbah/runtime/rpc";
import { createTestAuthority, type RecordingLogger, rawCall, recordingLogger } from "@kasbah/testkit";
import { createHealthRoutes } from "./health-service.ts";
import { GrpcEndpoint } from "./server.ts";

describe("GrpcEndpoint under load", () => {
  let endpoint: GrpcEndpoint;
  let logger: RecordingLogger;
  let ca: string;
  let overloads: number;
  let handled: number;
  let finish: () => void;
  let held: Promise<void>;

  beforeEach(async () => {
    ({ promise: held, resolve: finish } = Promise.withResolvers<void>());
    overloads = 0;
    handled = 0;
    logger = recordingLogger();
    const root = await createTestAuthority();
    ca = root.rootPem;
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "ip", value: "127.0.0.1" }] as const;
    const leaf = await root.issue({ publicKey: keyPair.publicKey, names });
    endpoint = createEndpoint({ certificateChainPem: leaf.toPem(), privateKeyPem: keyPair.toPkcs8Pem() });
    await endpoint.start();
  });

  afterEach(async () => {
    finish();
    await endpoint.stop();
  });

  /** Accepts one call at a time, and holds it until `finish`. */
  function createEndpoint(identity: ServingIdentity): GrpcEndpoint {
    const slow = authenticatedRoute({
      path: createCertificate.path,
      decode: createCertificate.request.decode,
      encode: createCertificate.response.encode,
      authenticate: async () => async () => {
        handled += 1;
        await held;
        return { certChain: [] };
      },
    });
    return new GrpcEndpoint({
      address: { host: "127.0.0.1", port: 0 },
      routes: (stopping) => [
        slow,
        ...createHealthRoutes({ isReady: () => true, clock: systemClock, stopping }),
      ],
      certificate: { current: () => identity, onChange: () => undefined },
      limits: defaultLimits,
      maxInFlight: 1,
      onOverload: () => void overloads++,
      newReferenceId: () => "abc123",
      logger,
    });
  }

  const call = (path: string, body: Uint8Array) => rawCall({ port: endpoint.address.port, ca, path, body });
  const order = () => call(createCertificate.path, Buffer.alloc(0));

  /** A call in progress. */
  async function begin() {
    const reply = order();
    while (handled === 0) await systemClock.sleep(5);
    return { reply };
  }

  it("refuses calls above the limit before it processes them, and asks the caller to retry", async () => {
    const { reply } = await begin();
    const { status, message, metadata } = await order();
    assert.equal(status, 8);
    assert.equal(message, "OVERLOADED: 1 call is already in progress: retry in a moment (reference abc123)");
    const details = Buffer.from(String(metadata["grpc-status-details-bin"]), "base64");
    assert.equal(decodeErrorInfo(details)?.reason, "OVERLOADED");
    assert.equal(decodeRetryAfterMs(details), 1_000);
    assert.deepEqual([overloads, handled, endpoint.inFlight], [1, 1, 1]);
    finish();
    assert.equal((await reply).status, 0);
    assert.equal((await order()).status, 0);
  });

  it("answers health checks under any load, because failing them would only remove replicas", async () => {
    await begin();
    for (let probe = 0; probe < 5; probe++) {
      const { status, body } = await call(checkHealth.path, checkHealth.request.encode({ service: "" }));
      assert.equal(status, 0);
      assert.equal(checkHealth.response.decode(body).status, "SERVING");
    }
    assert.equal(overloads, 0);
  });

  it("logs nothing for a call that it refuses for load", async () => {
    await begin();
    for (let number = 0; number < 20; number++) await order();
    assert.equal(overloads, 20);
    assert.deepEqual(
      logger.events.map(({ event }) => event),
      ["grpc server listens"],
    );
  });
});
