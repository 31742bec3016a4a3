import assert from "node:assert/strict";
import type { CallContext, RpcStatus, UnaryCall } from "@kasbah/runtime/rpc";
import { FrameError } from "../frames/frame-error.ts";
import type { ParsedOrder, ReceivedBody } from "../messages/certificate-order.ts";
import { CallDesk, type CallSlots } from "./call-desk.ts";

const received = {
  peerAddress: "10.0.0.1:5",
  headers: [["Bearer t"], ["agent"], [], []],
  peerCertificates: [],
};
const order: ParsedOrder = {
  ...{ csr: "", validityDurationSeconds: 1, impersonatedIdentity: "", certSigner: "" },
  parsedCsr: () => assert.fail("not parsed here"),
};
const body: ReceivedBody = { kind: "order", order };
const overloaded: RpcStatus = { code: 8, message: "OVERLOADED" };
const answer = Uint8Array.of(1);

describe("CallDesk", () => {
  let sent: [string, number, ...unknown[]][];
  let contexts: CallContext[];
  let calls: UnaryCall<ParsedOrder>[];
  let verdict: PromiseWithResolvers<void>;
  let reply: PromiseWithResolvers<Uint8Array>;
  let slots: CallSlots;
  let maxInFlight: number;
  let desk: CallDesk;

  beforeEach(() => {
    [sent, contexts, calls, slots, maxInFlight] = [[], [], [], { inFlight: 0 }, 10];
    [verdict, reply] = [Promise.withResolvers(), Promise.withResolvers()];
    desk = new CallDesk({
      route: {
        path: "/test",
        encode: (bytes) => bytes,
        authenticate: async (context) => {
          contexts.push(context);
          await verdict.promise;
          return (call) => {
            calls.push(call);
            call.request();
            return reply.promise;
          };
        },
      },
      worker: {
        admitted: (call) => sent.push(["admitted", call]),
        answered: (call, bytes) => sent.push(["answered", call, bytes]),
        refused: (call, status) => sent.push(["refused", call, status.message]),
      },
      slots,
      refuseEarly: (inFlight) => (inFlight < maxInFlight ? undefined : overloaded),
      toStatus: (error) => ({ code: 13, message: String(error) }),
      maxCalls: 3,
    });
  });

  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const admit = async (...ids: readonly number[]) => {
    for (const id of ids) desk.authenticate(id, received);
    verdict.resolve();
    await settle();
  };

  it("admits a caller, serves its order and answers", async () => {
    await admit(1);
    desk.body(1, body);
    assert.equal(slots.inFlight, 1);
    reply.resolve(answer);
    await settle();
    assert.deepEqual(sent, [
      ["admitted", 1],
      ["answered", 1, answer],
    ]);
    assert.deepEqual([slots.inFlight, desk.size], [0, 0]);
    const [context] = contexts;
    assert.deepEqual(
      [context?.peerAddress, context?.metadata("authorization")],
      ["10.0.0.1:5", ["Bearer t"]],
    );
    assert.throws(() => context?.metadata("another"), /do not forward the header another/);
  });

  it("refuses a caller that is not authenticated, and a body that is no request", async () => {
    desk.authenticate(1, received);
    verdict.reject(new Error("bad token"));
    await settle();
    verdict = Promise.withResolvers();
    await admit(2);
    desk.body(2, { kind: "malformed", problem: "index out of range" });
    await settle();
    assert.deepEqual(sent, [
      ["refused", 1, "Error: bad token"],
      ["admitted", 2],
      ["refused", 2, "TypeError: index out of range"],
    ]);
    assert.deepEqual([slots.inFlight, desk.size], [0, 0]);
  });

  it("counts the calls of all workers exactly, and refuses those above the limit before and after the body", async () => {
    maxInFlight = 1;
    await admit(1, 2);
    desk.body(1, body);
    desk.body(2, body);
    desk.authenticate(3, received);
    await settle();
    assert.deepEqual(sent.slice(2), [
      ["refused", 2, "OVERLOADED"],
      ["refused", 3, "OVERLOADED"],
    ]);
    assert.equal(calls.length, 1);
    reply.resolve(answer);
    await settle();
    assert.equal(slots.inFlight, 0);
  });

  it("sends nothing for a call that was cancelled, and gives its slot back only when its work is done", async () => {
    await admit(1, 2);
    desk.cancel(1);
    desk.body(2, body);
    desk.cancel(2);
    assert.deepEqual([contexts[0]?.signal.aborted, contexts[1]?.signal.aborted], [true, true]);
    assert.equal(slots.inFlight, 1);
    reply.resolve(answer);
    await settle();
    assert.deepEqual(sent, [
      ["admitted", 1],
      ["admitted", 2],
    ]);
    assert.deepEqual([slots.inFlight, desk.size], [0, 0]);
  });

  it("aborts every call when its worker has ended", async () => {
    await admit(1, 2);
    desk.close();
    assert.ok(contexts.every(({ signal }) => signal.aborted));
    assert.equal(desk.size, 0);
  });

  it("accepts no two calls with one number, and no more calls than a worker may have", () => {
    desk.authenticate(1, received);
    assert.throws(() => desk.authenticate(1, received), FrameError);
    desk.authenticate(2, received);
    desk.authenticate(3, received);
    assert.throws(() => desk.authenticate(4, received), FrameError);
  });

  it("accepts no second body of a call, and none before its caller is admitted", async () => {
    desk.authenticate(1, received);
    assert.throws(() => desk.body(1, body), FrameError);
    verdict.resolve();
    await settle();
    desk.body(1, body);
    assert.throws(() => desk.body(1, body), FrameError);
  });

  it("ignores the body of a call that was cancelled", async () => {
    desk.body(9, body);
    assert.deepEqual(sent, []);
  });
});
