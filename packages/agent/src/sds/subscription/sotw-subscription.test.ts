import assert from "node:assert/strict";
import fc from "fast-check";
import type { Snapshot } from "./response-history.ts";
import {
  emptySotwSubscription,
  onSotwRequest,
  onSotwUpdate,
  type SotwRequest,
  type SotwStep,
  type SotwSubscription,
} from "./sotw-subscription.ts";

const known = new Set(["default", "ROOTCA"]);
const offer = (versions: Record<string, string>): Snapshot => ({
  isKnown: (name) => known.has(name),
  versions: new Map(Object.entries(versions)),
});
const both = offer({ default: "v1", ROOTCA: "r1" });
const ask = (request: Partial<SotwRequest>): SotwRequest => ({
  names: ["default"],
  nonce: "",
  rejection: undefined,
  ...request,
});

/** A stream that subscribed to `default` and got a response. */
const answered = (): SotwStep & { response: NonNullable<SotwStep["response"]> } => {
  const step = onSotwRequest(emptySotwSubscription, ask({}), both);
  assert.ok(step.response);
  return { ...step, response: step.response };
};

describe("A SotW subscription", () => {
  it("sends at most one response per version to a client that NACKs a thousand times", () => {
    let { subscription, response } = answered();
    let responses = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const step = onSotwRequest(
        subscription,
        ask({ nonce: response.nonce, rejection: "KEY_VALUES_MISMATCH" }),
        both,
      );
      const pushed = onSotwUpdate(step.subscription, ["default"], both);
      subscription = pushed.subscription;
      responses += step.response || pushed.response ? 1 : 0;
    }
    assert.equal(responses, 0);
    const next = onSotwUpdate(subscription, ["default"], offer({ default: "v2" }));
    assert.deepEqual(next.response?.names, ["default"]);
    response = next.response ?? response;
    const back = onSotwUpdate(next.subscription, ["default"], both);
    assert.equal(back.response, undefined, "rejected bytes were sent again");
  });

  it("reports every NACK, and which are repeated", () => {
    const { subscription, response } = answered();
    const nack = ask({ nonce: response.nonce, rejection: "bad" });
    const first = onSotwRequest(subscription, nack, both);
    assert.deepEqual(first.events, [{ kind: "nack", names: ["default"], complaint: "bad", repeated: false }]);
    const second = onSotwRequest(first.subscription, nack, both);
    assert.deepEqual(second.events, [{ kind: "nack", names: ["default"], complaint: "bad", repeated: true }]);
  });

  it("does not treat a NACK without a nonce as a first request", () => {
    const { subscription } = answered();
    assert.equal(onSotwRequest(subscription, ask({ rejection: "bad" }), both).response, undefined);
  });

  it("ignores a request with a stale nonce, including its names", () => {
    const { subscription } = answered();
    const step = onSotwRequest(subscription, ask({ names: ["ROOTCA"], nonce: "77" }), both);
    assert.deepEqual(step, { subscription, events: [{ kind: "stale-nonce" }] });
  });

  it("never answers an unknown name, keeps the other names, and reports it once", () => {
    const names = ["default", "kubernetes://other", "ROOTCA", "kubernetes://other"];
    const step = onSotwRequest(emptySotwSubscription, ask({ names }), both);
    assert.deepEqual(step.response?.names, ["default", "ROOTCA"]);
    assert.deepEqual(step.events, [{ kind: "unknown-name", name: "kubernetes://other" }]);
    const again = onSotwRequest(step.subscription, ask({ names, nonce: step.response?.nonce ?? "" }), both);
    assert.deepEqual([again.response, again.events], [undefined, []]);
    assert.deepEqual([...again.subscription.unserved], ["kubernetes://other"]);
    const left = onSotwRequest(again.subscription, ask({ names: ["default"], nonce: "1" }), both);
    assert.deepEqual([...left.subscription.unserved], []);
  });

  it("handles ten thousand names with bounded state and bounded events", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const { subscription, events, response } = onSotwRequest(emptySotwSubscription, ask({ names }), both);
    assert.equal(response, undefined);
    assert.equal(subscription.names.size, 0);
    assert.ok(events.length <= 16 && subscription.reportedUnknown.size <= 16);
    assert.equal(subscription.unserved.size, 16);
  });

  it("keeps a subscription that precedes the first secret, and answers it when the secret arrives", () => {
    const early = onSotwRequest(emptySotwSubscription, ask({}), offer({}));
    assert.equal(early.response, undefined);
    const later = onSotwUpdate(early.subscription, ["default"], both);
    assert.deepEqual(later.response, { names: ["default"], version: "v1", nonce: "1" });
  });

  it("answers a repeated subscription as soon as a secret is available", () => {
    const again = onSotwRequest(answered().subscription, ask({}), offer({}));
    assert.equal(again.response, undefined);
    assert.deepEqual(onSotwUpdate(again.subscription, ["default"], both).response?.names, ["default"]);
  });

  it("answers a reconnecting client that sends another stream's nonce or none", () => {
    for (const nonce of ["", "7"]) {
      assert.deepEqual(onSotwRequest(emptySotwSubscription, ask({ nonce }), both).response?.names, [
        "default",
      ]);
    }
  });

  it("sends no response to an ACK", () => {
    const { subscription, response } = answered();
    const step = onSotwRequest(subscription, ask({ nonce: response.nonce }), both);
    assert.deepEqual([step.response, step.events], [undefined, []]);
  });

  it("answers only added names, and removed names not at all", () => {
    const { subscription, response } = answered();
    const more = onSotwRequest(
      subscription,
      ask({ names: ["default", "ROOTCA"], nonce: response.nonce }),
      both,
    );
    assert.deepEqual(more.response?.names, ["ROOTCA"]);
    const fewer = onSotwRequest(
      more.subscription,
      ask({ names: ["ROOTCA"], nonce: more.response?.nonce ?? "" }),
      both,
    );
    assert.equal(fewer.response, undefined);
    const update = onSotwUpdate(fewer.subscription, ["ROOTCA", "default"], offer({ default: "v2" }));
    assert.equal(update.response, undefined);
  });

  it("subscribes to at most 256 names, and reports once that there are more", () => {
    const all: Snapshot = { isKnown: () => true, versions: new Map() };
    const names = Array.from({ length: 10_000 }, (_, index) => `file-cert:/a/${index}~/b`);
    const first = onSotwRequest(emptySotwSubscription, ask({ names }), all);
    assert.equal(first.subscription.names.size, 256);
    assert.deepEqual(first.events, [{ kind: "too-many-names", limit: 256 }]);
    const second = onSotwRequest(first.subscription, ask({ names }), all);
    assert.deepEqual(second.events, []);
  });

  it("subscribes to at most 64 KiB of names, in order, and keeps little of the rejected ones", () => {
    const all: Snapshot = { isKnown: () => true, versions: new Map() };
    const names = Array.from({ length: 10 }, (_, index) => `${index}${"é".repeat(5_000)}`);
    const first = onSotwRequest(emptySotwSubscription, ask({ names }), all);
    assert.equal(first.subscription.names.size, 6);
    assert.deepEqual(first.events, [{ kind: "too-many-names", limit: 256 }]);
    const more = onSotwRequest(first.subscription, ask({ names: [...names.slice(0, 6), "short"] }), all);
    assert.deepEqual([more.subscription.names.size, more.subscription.names.has("short")], [7, true]);
    const none: Snapshot = { isKnown: () => false, versions: new Map() };
    const { reportedUnknown } = onSotwRequest(
      emptySotwSubscription,
      ask({ names: ["x".repeat(1_000_000)] }),
      none,
    ).subscription;
    assert.deepEqual(
      [...reportedUnknown].map((name) => name.length),
      [512],
    );
  });

  it("drops a pending name that turns out to be unknown, and never one that was served", () => {
    const early = onSotwRequest(emptySotwSubscription, ask({}), offer({}));
    const nobodys: Snapshot = { isKnown: () => false, versions: new Map() };
    const updated = onSotwUpdate(early.subscription, ["default"], nobodys);
    assert.deepEqual(updated.events, [{ kind: "unknown-name", name: "default" }]);
    assert.equal(updated.subscription.names.size, 0);
    const served = onSotwUpdate(answered().subscription, ["default"], nobodys);
    assert.deepEqual([served.events, served.response], [[], undefined]);
    assert.ok(served.subscription.names.has("default"));
  });

  it("remembers a bounded number of NACKed versions", () => {
    let { subscription } = answered();
    for (let round = 0; round < 1_000; round += 1) {
      subscription = onSotwRequest(
        subscription,
        ask({ nonce: subscription.nonce, rejection: "no" }),
        both,
      ).subscription;
      subscription = onSotwUpdate(subscription, ["default"], offer({ default: `w${round}` })).subscription;
    }
    assert.equal(subscription.nonce, "1001");
    assert.equal(subscription.nacked.get("default")?.length, 32);
    assert.equal(subscription.recent.size, 1);
  });

  it("treats an empty list as an unsubscription", () => {
    const { subscription, response } = answered();
    const none = onSotwRequest(subscription, ask({ names: [], nonce: response.nonce }), both);
    assert.equal(none.response, undefined);
    assert.equal(onSotwUpdate(none.subscription, ["default"], offer({ default: "v2" })).response, undefined);
  });

  it("sends NACKed bytes again if the client unsubscribed and subscribed since", () => {
    const { subscription, response } = answered();
    const { nonce } = response;
    const refused = onSotwRequest(subscription, ask({ nonce, rejection: "no" }), both).subscription;
    const left = onSotwRequest(refused, ask({ names: [], nonce }), both).subscription;
    assert.deepEqual([left.nacked.size, left.recent.get(nonce)?.size], [0, 0]);
    // A NACK that was in flight does not change this.
    const late = onSotwRequest(left, ask({ names: [], nonce, rejection: "no" }), both).subscription;
    const back = onSotwRequest(late, ask({ nonce }), both);
    assert.deepEqual(back.response?.names, ["default"]);
    const again = ask({ nonce: back.response?.nonce ?? "", rejection: "no" });
    assert.equal(onSotwRequest(back.subscription, again, both).response, undefined);
  });

  it("pushes nothing if the version is unchanged", () => {
    assert.equal(onSotwUpdate(answered().subscription, ["ROOTCA", "default"], both).response, undefined);
  });

  it("never sends an unknown, unsubscribed or NACKed version, for every sequence of requests", () => {
    const name = fc.constantFrom("default", "ROOTCA", "other", "");
    const act = fc.record({
      names: fc.array(name, { maxLength: 4 }),
      nonce: fc.constantFrom("", "current", "9999"),
      rejects: fc.boolean(),
      version: fc.constantFrom("v1", "v2", "v3"),
      isUpdate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let subscription: SotwSubscription = emptySotwSubscription;
        for (const { names, nonce, rejects, version, isUpdate } of acts) {
          const now = offer({ default: version, ROOTCA: version });
          const sentNonce = nonce === "current" ? subscription.nonce : nonce;
          const rejection = rejects ? "no" : undefined;
          const step = isUpdate
            ? onSotwUpdate(subscription, ["ROOTCA", "default"], now)
            : onSotwRequest(subscription, { names, nonce: sentNonce, rejection }, now);
          for (const sent of step.response?.names ?? []) {
            assert.ok(known.has(sent) && step.subscription.names.has(sent));
            assert.ok(!subscription.nacked.get(sent)?.includes(version));
          }
          subscription = step.subscription;
        }
      }),
    );
  });
});
