import assert from "node:assert/strict";
import fc from "fast-check";
import type { Offer } from "./response-history.ts";
import {
  emptySubscription,
  onRequest,
  onUpdate,
  type Step,
  type Subscription,
  type SubscriptionRequest,
} from "./sotw-subscription.ts";

const known = new Set(["default", "ROOTCA"]);
const offer = (versions: Record<string, string>): Offer => ({
  isKnown: (name) => known.has(name),
  versions: new Map(Object.entries(versions)),
});
const both = offer({ default: "v1", ROOTCA: "r1" });
const ask = (request: Partial<SubscriptionRequest>): SubscriptionRequest => ({
  names: ["default"],
  nonce: "",
  rejection: undefined,
  ...request,
});

/** A stream that asked for `default` and was answered. */
const answered = (): Step & { response: NonNullable<Step["response"]> } => {
  const step = onRequest(emptySubscription, ask({}), both);
  assert.ok(step.response);
  return { ...step, response: step.response };
};

describe("A subscription", () => {
  it("sends at most one response per version to a client that refuses a thousand times", () => {
    let { subscription, response } = answered();
    let responses = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const step = onRequest(
        subscription,
        ask({ nonce: response.nonce, rejection: "KEY_VALUES_MISMATCH" }),
        both,
      );
      const pushed = onUpdate(step.subscription, ["default"], both);
      subscription = pushed.subscription;
      responses += step.response || pushed.response ? 1 : 0;
    }
    assert.equal(responses, 0);
    const next = onUpdate(subscription, ["default"], offer({ default: "v2" }));
    assert.deepEqual(next.response?.names, ["default"]);
    response = next.response ?? response;
    const back = onUpdate(next.subscription, ["default"], both);
    assert.equal(back.response, undefined, "refused bytes came back");
  });

  it("notes every NACK, and says which are repeated", () => {
    const { subscription, response } = answered();
    const nack = ask({ nonce: response.nonce, rejection: "bad" });
    const first = onRequest(subscription, nack, both);
    assert.deepEqual(first.notes, [{ kind: "nack", names: ["default"], complaint: "bad", repeated: false }]);
    const second = onRequest(first.subscription, nack, both);
    assert.deepEqual(second.notes, [{ kind: "nack", names: ["default"], complaint: "bad", repeated: true }]);
  });

  it("does not take a NACK without a nonce for a fresh start", () => {
    const { subscription } = answered();
    assert.equal(onRequest(subscription, ask({ rejection: "bad" }), both).response, undefined);
  });

  it("ignores a stale nonce, its names included", () => {
    const { subscription } = answered();
    const step = onRequest(subscription, ask({ names: ["ROOTCA"], nonce: "77" }), both);
    assert.deepEqual(step, { subscription, notes: [{ kind: "stale-nonce" }] });
  });

  it("never answers an unknown name, keeps the others, and complains once", () => {
    const names = ["default", "kubernetes://other", "ROOTCA", "kubernetes://other"];
    const step = onRequest(emptySubscription, ask({ names }), both);
    assert.deepEqual(step.response?.names, ["default", "ROOTCA"]);
    assert.deepEqual(step.notes, [{ kind: "unknown-name", name: "kubernetes://other" }]);
    const again = onRequest(step.subscription, ask({ names, nonce: step.response?.nonce ?? "" }), both);
    assert.deepEqual([again.response, again.notes], [undefined, []]);
  });

  it("holds ten thousand names in a bounded state with a bounded number of complaints", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const { subscription, notes, response } = onRequest(emptySubscription, ask({ names }), both);
    assert.equal(response, undefined);
    assert.equal(subscription.names.size, 0);
    assert.ok(notes.length <= 16 && subscription.refused.size <= 16);
  });

  it("holds a request that comes before there is a secret, and answers when there is", () => {
    const early = onRequest(emptySubscription, ask({}), offer({}));
    assert.equal(early.response, undefined);
    const later = onUpdate(early.subscription, ["default"], both);
    assert.deepEqual(later.response, { names: ["default"], version: "v1", nonce: "1" });
  });

  it("owes what is asked for anew at a moment when there is nothing to give", () => {
    const again = onRequest(answered().subscription, ask({}), offer({}));
    assert.equal(again.response, undefined);
    assert.deepEqual(onUpdate(again.subscription, ["default"], both).response?.names, ["default"]);
  });

  it("answers a reconnecting client, which sends a nonce of another stream or none", () => {
    for (const nonce of ["", "7"]) {
      assert.deepEqual(onRequest(emptySubscription, ask({ nonce }), both).response?.names, ["default"]);
    }
  });

  it("is silent on an ACK", () => {
    const { subscription, response } = answered();
    const step = onRequest(subscription, ask({ nonce: response.nonce }), both);
    assert.deepEqual([step.response, step.notes], [undefined, []]);
  });

  it("answers added names alone, and removed names not at all", () => {
    const { subscription, response } = answered();
    const more = onRequest(subscription, ask({ names: ["default", "ROOTCA"], nonce: response.nonce }), both);
    assert.deepEqual(more.response?.names, ["ROOTCA"]);
    const fewer = onRequest(
      more.subscription,
      ask({ names: ["ROOTCA"], nonce: more.response?.nonce ?? "" }),
      both,
    );
    assert.equal(fewer.response, undefined);
    const update = onUpdate(fewer.subscription, ["ROOTCA", "default"], offer({ default: "v2" }));
    assert.equal(update.response, undefined);
  });

  it("follows 256 names, and says once that there are more", () => {
    const all: Offer = { isKnown: () => true, versions: new Map() };
    const names = Array.from({ length: 10_000 }, (_, index) => `file-cert:/a/${index}~/b`);
    const first = onRequest(emptySubscription, ask({ names }), all);
    assert.equal(first.subscription.names.size, 256);
    assert.deepEqual(first.notes, [{ kind: "too-many-names", limit: 256 }]);
    const second = onRequest(first.subscription, ask({ names }), all);
    assert.deepEqual(second.notes, []);
  });

  it("follows 64 KiB of names, counted as they came, and remembers little of those it refuses", () => {
    const all: Offer = { isKnown: () => true, versions: new Map() };
    const names = Array.from({ length: 10 }, (_, index) => `${index}${"é".repeat(5_000)}`);
    const first = onRequest(emptySubscription, ask({ names }), all);
    assert.equal(first.subscription.names.size, 6);
    assert.deepEqual(first.notes, [{ kind: "too-many-names", limit: 256 }]);
    const more = onRequest(first.subscription, ask({ names: [...names.slice(0, 6), "short"] }), all);
    assert.deepEqual([more.subscription.names.size, more.subscription.names.has("short")], [7, true]);
    const none: Offer = { isKnown: () => false, versions: new Map() };
    const { refused } = onRequest(
      emptySubscription,
      ask({ names: ["x".repeat(1_000_000)] }),
      none,
    ).subscription;
    assert.deepEqual(
      [...refused].map((name) => name.length),
      [512],
    );
  });

  it("lets go of a name that turns out to be nobody's, and never of one that was served", () => {
    const early = onRequest(emptySubscription, ask({}), offer({}));
    const nobodys: Offer = { isKnown: () => false, versions: new Map() };
    const struck = onUpdate(early.subscription, ["default"], nobodys);
    assert.deepEqual(struck.notes, [{ kind: "unknown-name", name: "default" }]);
    assert.equal(struck.subscription.names.size, 0);
    const served = onUpdate(answered().subscription, ["default"], nobodys);
    assert.deepEqual([served.notes, served.response], [[], undefined]);
    assert.ok(served.subscription.names.has("default"));
  });

  it("keeps a bounded memory of refusals, however many versions a client refuses", () => {
    let { subscription } = answered();
    for (let round = 0; round < 1_000; round += 1) {
      subscription = onRequest(
        subscription,
        ask({ nonce: subscription.nonce, rejection: "no" }),
        both,
      ).subscription;
      subscription = onUpdate(subscription, ["default"], offer({ default: `w${round}` })).subscription;
    }
    assert.equal(subscription.nonce, "1001");
    assert.equal(subscription.rejected.get("default")?.length, 32);
    assert.equal(subscription.open.size, 1);
  });

  it("takes an empty list for an unsubscription", () => {
    const { subscription, response } = answered();
    const none = onRequest(subscription, ask({ names: [], nonce: response.nonce }), both);
    assert.equal(none.response, undefined);
    assert.equal(onUpdate(none.subscription, ["default"], offer({ default: "v2" })).response, undefined);
  });

  it("answers a provider that is made anew with the bytes that were refused before it left", () => {
    const { subscription, response } = answered();
    const { nonce } = response;
    const refused = onRequest(subscription, ask({ nonce, rejection: "no" }), both).subscription;
    const left = onRequest(refused, ask({ names: [], nonce }), both).subscription;
    assert.deepEqual([left.rejected.size, left.open.get(nonce)?.size], [0, 0]);
    // A NACK that was under way changes nothing of that.
    const late = onRequest(left, ask({ names: [], nonce, rejection: "no" }), both).subscription;
    const back = onRequest(late, ask({ nonce }), both);
    assert.deepEqual(back.response?.names, ["default"]);
    const again = ask({ nonce: back.response?.nonce ?? "", rejection: "no" });
    assert.equal(onRequest(back.subscription, again, both).response, undefined);
  });

  it("pushes nothing when the version is the same", () => {
    assert.equal(onUpdate(answered().subscription, ["ROOTCA", "default"], both).response, undefined);
  });

  it("never sends an unknown, unsubscribed or refused version, whatever a client does", () => {
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
        let subscription: Subscription = emptySubscription;
        for (const { names, nonce, rejects, version, isUpdate } of acts) {
          const now = offer({ default: version, ROOTCA: version });
          const sentNonce = nonce === "current" ? subscription.nonce : nonce;
          const rejection = rejects ? "no" : undefined;
          const step = isUpdate
            ? onUpdate(subscription, ["ROOTCA", "default"], now)
            : onRequest(subscription, { names, nonce: sentNonce, rejection }, now);
          for (const sent of step.response?.names ?? []) {
            assert.ok(known.has(sent) && step.subscription.names.has(sent));
            assert.ok(!subscription.rejected.get(sent)?.includes(version));
          }
          subscription = step.subscription;
        }
      }),
    );
  });
});
