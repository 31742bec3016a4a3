import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import {
  createCertificateRequest,
  createKeyPair,
  encodePem,
  PkiError,
  parseCertificateRequest,
  parsePemBlock,
  parseSpiffeId,
} from "@kasbah/pki";
import { defaultLimits } from "@kasbah/runtime/rpc";
import fc from "fast-check";
import { FrameError } from "../frames/frame-error.ts";
import { FrameReceiver } from "../frames/receiver.ts";
import { FrameSender } from "../frames/sender.ts";
import type { ReceivedBody } from "./certificate-order.ts";
import { readToMain, type ToMain, toMain } from "./to-main.ts";
import { readToWorker, type ToWorker, toWorker } from "./to-worker.ts";

/** Records the calls of every method. */
function recorder<T extends object>(calls: [string, ...unknown[]][]): T {
  return new Proxy({} as T, {
    get:
      (_, name) =>
      (...values: unknown[]) =>
        void calls.push([String(name), ...values]),
  });
}

function bytesOf(send: (sender: FrameSender) => void): Buffer {
  const stream = new PassThrough();
  const sender = new FrameSender({ stream, maxWaitingBytes: 10_000_000, onStuck: assert.fail });
  send(sender);
  sender.flush();
  return stream.read();
}

const received = {
  peerAddress: "[2001:db8::1]:443",
  headers: [["Bearer a.b.c", "Bearer d"], ["grpc-go/1.2"], [], ["true"], []],
  peerCertificates: [Uint8Array.of(48, 3, 2, 1, 1)],
};

describe("Messages of a worker", () => {
  let calls: [string, ...unknown[]][];
  const read = (bytes: Buffer) => {
    calls = [];
    const receiver = recorder<ToMain>(calls);
    new FrameReceiver(1_000_000, (kind, message) => readToMain(kind, message, receiver)).push(bytes);
    return calls;
  };
  let csr: string;

  before(async () => {
    csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId("spiffe://a.test/ns/b/sa/c"));
  });

  const orderWith = (parsedCsr: () => ReturnType<typeof parseCertificateRequest>): ReceivedBody => ({
    kind: "order",
    order: {
      ...{
        csr: "not sent",
        validityDurationSeconds: -3_600,
        impersonatedIdentity: "spiffe://ä",
        certSigner: "s",
      },
      parsedCsr,
    },
  });

  it("arrive with the same values", () => {
    const sent = bytesOf((sender) => {
      const main = toMain(sender);
      main.serving();
      main.authenticate(7, received);
      main.cancelled(8);
      main.taken(9);
      main.closed(2 ** 32 - 1);
      main.load({ connections: 1, waiting: 2, watches: 3 });
      main.alive();
      main.evicted("call");
      main.handshakeFailed("no_call", "10.0.0.1");
      main.failed("call failed", { referenceId: "r", error: "text" });
    });
    assert.deepEqual(read(sent), [
      ["serving"],
      ["authenticate", 7, received],
      ["cancelled", 8],
      ["taken", 9],
      ["closed", 2 ** 32 - 1],
      ["load", { connections: 1, waiting: 2, watches: 3 }],
      ["alive"],
      ["evicted", "call"],
      ["handshakeFailed", "no_call", "10.0.0.1"],
      ["failed", "call failed", { referenceId: "r", error: "text" }],
    ]);
  });

  it("carry what the parser found in a CSR, and its key", () => {
    const parsed = parseCertificateRequest(csr);
    const [[, id, body] = []] = read(
      bytesOf((sender) =>
        toMain(sender).body(
          5,
          orderWith(() => parsed),
        ),
      ),
    );
    assert.equal(id, 5);
    const { order } = body as Extract<ReceivedBody, { kind: "order" }>;
    assert.deepEqual(
      [order.csr, order.validityDurationSeconds, order.impersonatedIdentity, order.certSigner],
      ["", -3_600, "spiffe://ä", "s"],
    );
    const arrived = order.parsedCsr();
    assert.ok(arrived.publicKey.equals(parsed.publicKey));
    assert.deepEqual({ ...arrived, publicKey: 0 }, { ...parsed, publicKey: 0 });
  });

  it("carry the problem of a CSR, so that the caller gets the code of one process", () => {
    const fail = () => {
      throw new PkiError("CSR_SIGNATURE_INVALID", "the self-signature does not verify");
    };
    const [[, , body] = []] = read(bytesOf((sender) => toMain(sender).body(5, orderWith(fail))));
    const { order } = body as Extract<ReceivedBody, { kind: "order" }>;
    assert.throws(() => order.parsedCsr(), {
      code: "CSR_SIGNATURE_INVALID",
      message: "the self-signature does not verify",
    });
  });

  it("lead to the verdict of one process for any CSR, whichever bytes of it are changed", () => {
    const genuine = parsePemBlock(csr, "CERTIFICATE REQUEST");
    const edit = fc.record({ at: fc.nat(genuine.length - 1), value: fc.integer({ min: 0, max: 255 }) });
    const verdictOf = (parse: () => ReturnType<typeof parseCertificateRequest>) => {
      try {
        const { publicKey, ...names } = parse();
        return { key: publicKey.hash, ...names };
      } catch (error) {
        assert.ok(error instanceof PkiError);
        return { code: error.code, message: error.message };
      }
    };
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 3 }), (edits) => {
        const der = Buffer.from(genuine);
        for (const { at, value } of edits) der[at] = value;
        const parse = () => parseCertificateRequest(encodePem("CERTIFICATE REQUEST", der));
        const [[, , body] = []] = read(bytesOf((sender) => toMain(sender).body(1, orderWith(parse))));
        const { order } = body as Extract<ReceivedBody, { kind: "order" }>;
        assert.deepEqual(verdictOf(order.parsedCsr), verdictOf(parse));
      }),
      { numRuns: 500 },
    );
  });

  it("are rejected if a key in them is none that the CA accepts", () => {
    const forged = { ...parseCertificateRequest(csr), publicKey: { spki: Uint8Array.of(48, 0) } as never };
    const [[, , body] = []] = read(
      bytesOf((sender) =>
        toMain(sender).body(
          5,
          orderWith(() => forged),
        ),
      ),
    );
    const { order } = body as Extract<ReceivedBody, { kind: "order" }>;
    assert.throws(() => order.parsedCsr(), { code: "KEY_REJECTED" });
  });

  it("cause nothing but a FrameError if a broken worker changes any byte of them", () => {
    const genuine = bytesOf((sender) => {
      const main = toMain(sender);
      main.authenticate(7, received);
      main.body(
        7,
        orderWith(() => parseCertificateRequest(csr)),
      );
      main.handshakeFailed("timeout", "10.0.0.1");
    });
    const edit = fc.record({ at: fc.nat(genuine.length - 1), value: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const changed = Buffer.from(genuine);
        for (const { at, value } of edits) changed[at] = value;
        try {
          read(changed);
        } catch (error) {
          assert.ok(error instanceof FrameError, String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("Messages to a worker", () => {
  it("arrive with the same values", () => {
    const status = { code: 8, message: "RATE_LIMITED: …", retryAfterMs: 1_500, details: Uint8Array.of(1, 2) };
    const identity = { certificateChainPem: "chain", privateKeyPem: "key", clientRootsPem: "roots" };
    const { clientRootsPem: _, ...withoutRoots } = identity;
    const limits = {
      ...defaultLimits,
      maxIdleMs: 1,
      maxAgeMs: 2,
      callTimeoutMs: 3,
      bodyTimeoutMs: 4,
      maxWaiting: 5,
    };
    const finite = { ...limits, maxOpenStreams: 6, maxStreams: 7, maxStreamsPerConnection: 8 };
    const sent = bytesOf((sender) => {
      const worker = toWorker(sender);
      worker.limits(finite);
      worker.identity(identity);
      worker.identity(withoutRoots);
      worker.ready(true);
      worker.pace(false);
      worker.admitted(1);
      worker.answered(2, Uint8Array.of(9));
      worker.refused(3, status);
      worker.refused(4, { code: 13, message: "internal error" });
      worker.ping();
      worker.stop(8_000);
    });
    const calls: [string, ...unknown[]][] = [];
    const receiver = recorder<ToWorker>(calls);
    new FrameReceiver(1_000_000, (kind, message) => readToWorker(kind, message, receiver)).push(sent);
    assert.deepEqual(calls, [
      ["limits", finite],
      ["identity", identity],
      ["identity", withoutRoots],
      ["ready", true],
      ["pace", false],
      ["admitted", 1],
      ["answered", 2, Uint8Array.of(9)],
      ["refused", 3, status],
      ["refused", 4, { code: 13, message: "internal error" }],
      ["ping"],
      ["stop", 8_000],
    ]);
  });
});
