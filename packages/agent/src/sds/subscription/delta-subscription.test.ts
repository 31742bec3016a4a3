import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DeltaRequest,
  type DeltaStep,
  type DeltaSubscription,
  emptyDeltaSubscription,
  onDeltaRequest,
  onDeltaUpdate,
} from "./delta-subscription.ts";
import type { Snapshot, Versions } from "./response-history.ts";

const known = new Set(["default", "ROOTCA"]);
const offer = (versions: Record<string, string>, served = known): Snapshot => ({
  isKnown: (name) => served.has(name),
  versions: new Map(Object.entries(versions)),
});
const both = offer({ default: "v1", ROOTCA: "r1" });
const ask = (request: Partial<DeltaRequest>): DeltaRequest => ({
  subscribe: [],
  unsubscribe: [],
  held: [],
  nonce: "",
  rejection: undefined,
  ...request,
});
const first = (request: Partial<DeltaRequest>, what = both) =>
  onDeltaRequest(emptyDeltaSubscription, ask(request), what);

/** A stream that subscribed to `default` and got a response. */
const answered = (): DeltaStep & { response: NonNullable<DeltaStep["response"]> } => {
  const step = first({ subscribe: ["default"] });
  assert.ok(step.response);
  return { ...step, response: step.response };
};

describe("A delta subscription", () => {
  it("sends at most one response per version to a client that NACKs a thousand times", () => {
    let { subscription, response } = answered();
    for (let round = 0; round < 1_000; round += 1) {
      const nack = onDeltaRequest(subscription, ask({ nonce: response.nonce, rejection: "no" }), both);
      const pushed = onDeltaUpdate(nack.subscription, ["default"], both);
      assert.deepEqual([nack.response, pushed.response], [undefined, undefined]);
      subscription = pushed.subscription;
    }
    const next = onDeltaUpdate(subscription, ["default"], offer({ default: "v2" }));
    assert.deepEqual(next.response?.names, ["default"]);
    response = next.response ?? response;
    assert.equal(
      onDeltaUpdate(next.subscription, ["default"], both).response,
      undefined,
      "rejected bytes were sent again",
    );
  });

  it("assigns a NACK to the response it refers to, even if another was sent since", () => {
    const { subscription, response } = answered();
    const pushed = onDeltaUpdate(subscription, ["default"], offer({ default: "v2" }));
    const late = onDeltaRequest(pushed.subscription, ask({ nonce: response.nonce, rejection: "bad" }), both);
    assert.deepEqual(late.events, [{ kind: "nack", names: ["default"], complaint: "bad", repeated: false }]);
    assert.deepEqual(late.subscription.nacked.get("default"), ["v1"]);
  });

  it("applies subscription changes even if the request's nonce is stale", () => {
    const { subscription } = answered();
    const step = onDeltaRequest(subscription, ask({ subscribe: ["ROOTCA"], nonce: "77" }), both);
    assert.deepEqual(step.events, [{ kind: "stale-nonce" }]);
    assert.deepEqual(step.response?.names, ["ROOTCA"]);
    const left = onDeltaRequest(step.subscription, ask({ unsubscribe: ["default"], nonce: "77" }), both);
    assert.deepEqual([...left.subscription.names], ["ROOTCA"]);
  });

  it("lists unknown names as removed and sends nothing for the known ones", () => {
    const step = first({ subscribe: ["default", "kubernetes://other", "kubernetes://other"] });
    assert.deepEqual(step.response?.names, ["default"]);
    assert.deepEqual(step.response?.removed, ["kubernetes://other"]);
    assert.deepEqual(step.events, [{ kind: "unknown-name", name: "kubernetes://other" }]);
    const alone = first({ subscribe: ["kubernetes://other"] });
    assert.deepEqual(alone.response, { names: [], removed: ["kubernetes://other"], version: "", nonce: "1" });
  });

  it("keeps which names are requested in vain until the client leaves them or they are served", () => {
    const { subscription } = first({ subscribe: ["kubernetes://other", "kubernetes://more"] });
    assert.deepEqual([...subscription.unserved], ["kubernetes://other", "kubernetes://more"]);
    const left = onDeltaRequest(subscription, ask({ unsubscribe: ["kubernetes://other"] }), both);
    assert.deepEqual([...left.subscription.unserved], ["kubernetes://more"]);
    const known = offer({ "kubernetes://more": "1" }, new Set(["kubernetes://more"]));
    const served = onDeltaRequest(left.subscription, ask({ subscribe: ["kubernetes://more"] }), known);
    assert.deepEqual([...served.subscription.unserved], []);
  });

  it("never removes a name that the client held before or was sent", () => {
    const nobodys = offer({}, new Set());
    assert.equal(first({ subscribe: ["default"], held: ["default"] }, nobodys).response, undefined);
    const { subscription } = answered();
    assert.equal(onDeltaUpdate(subscription, ["default"], nobodys).response, undefined);
    assert.equal(onDeltaRequest(subscription, ask({ subscribe: ["default"] }), nobodys).response, undefined);
  });

  it("sends nothing for a wildcard, explicit or implicit", () => {
    assert.equal(first({}).response, undefined);
    const step = first({ subscribe: ["*"] });
    assert.equal(step.response, undefined);
    assert.equal(onDeltaUpdate(step.subscription, ["ROOTCA", "default"], both).response, undefined);
  });

  it("handles ten thousand names with bounded state and bounded events", () => {
    const subscribe = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const { subscription, events, response } = first({ subscribe, held: subscribe.slice(5_000) });
    assert.ok(
      events.length <= 16 && subscription.reportedUnknown.size <= 16 && subscription.held.size <= 256,
    );
    assert.equal(subscription.unserved.size, 16);
    assert.equal(subscription.names.size, 0);
    assert.ok((response?.removed.length ?? 0) >= 5_000);
    const all = { isKnown: () => true, versions: new Map() };
    assert.equal(first({ subscribe }, all).subscription.names.size, 256);
  });

  it("answers a reconnecting client even though it holds the version", () => {
    const step = first({ subscribe: ["default"], held: ["default"] });
    assert.deepEqual(step.response, { names: ["default"], removed: [], version: "v1", nonce: "1" });
  });

  it("answers a name each time the client subscribes to it", () => {
    const { subscription, response } = answered();
    const again = onDeltaRequest(subscription, ask({ subscribe: ["default"], nonce: response.nonce }), both);
    assert.deepEqual(again.response?.names, ["default"]);
  });

  it("sends no response to an ACK, and records the acknowledged version", () => {
    const { subscription, response } = answered();
    const step = onDeltaRequest(subscription, ask({ nonce: response.nonce }), both);
    assert.deepEqual([step.response, step.events], [undefined, []]);
    assert.equal(step.subscription.acked.get("default"), "v1");
  });

  it("keeps a subscription that precedes the first secret, and answers it when the secret arrives", () => {
    const early = first({ subscribe: ["default"] }, offer({}));
    assert.equal(early.response, undefined);
    assert.deepEqual(onDeltaUpdate(early.subscription, ["default"], both).response?.names, ["default"]);
  });

  it("answers a repeated subscription as soon as a secret is available", () => {
    const { subscription } = answered();
    const again = onDeltaRequest(
      subscription,
      ask({ subscribe: ["default"], unsubscribe: ["default"] }),
      offer({}),
    );
    assert.equal(again.response, undefined);
    assert.deepEqual(onDeltaUpdate(again.subscription, ["default"], both).response?.names, ["default"]);
  });

  it("lists a pending name as removed once it turns out to be unknown", () => {
    const early = first({ subscribe: ["default"] }, offer({}));
    const step = onDeltaUpdate(early.subscription, ["default"], offer({}, new Set()));
    assert.deepEqual(step.response?.removed, ["default"]);
    assert.deepEqual(step.events, [{ kind: "unknown-name", name: "default" }]);
    assert.equal(step.subscription.names.size, 0);
  });

  it("pushes nothing for an unsubscribed name, and forgets what was sent", () => {
    const { subscription } = answered();
    const left = onDeltaRequest(subscription, ask({ unsubscribe: ["default"] }), both);
    assert.equal(onDeltaUpdate(left.subscription, ["default"], offer({ default: "v2" })).response, undefined);
    assert.equal(left.subscription.sent.size, 0);
  });

  it("sends NACKed bytes again if the client unsubscribed and subscribed since", () => {
    const { subscription, response } = answered();
    const nack = { nonce: response.nonce, rejection: "no" };
    const refused = onDeltaRequest(subscription, ask(nack), both).subscription;
    const kept = onDeltaRequest(refused, ask({ subscribe: ["default"] }), both);
    assert.equal(kept.response, undefined, "subscribing again to a subscribed name changes nothing");
    const left = onDeltaRequest(refused, ask({ unsubscribe: ["default"] }), both).subscription;
    const late = onDeltaRequest(left, ask(nack), both).subscription;
    const back = onDeltaRequest(late, ask({ subscribe: ["default"] }), both);
    assert.deepEqual(back.response?.names, ["default"]);
    const anew = ask({ subscribe: ["default"], unsubscribe: ["default"] });
    assert.deepEqual(onDeltaRequest(refused, anew, both).response?.names, ["default"]);
    const again = ask({ nonce: back.response?.nonce ?? "", rejection: "no" });
    assert.equal(onDeltaRequest(back.subscription, again, both).response, undefined);
  });

  it("remembers at most 64 KiB of the names that a client claims to hold", () => {
    const held = Array.from({ length: 200 }, (_, index) => `${index}${"x".repeat(1_000)}`);
    assert.equal(first({ subscribe: [], held }).subscription.held.size, 65);
  });

  it("accepts ACKs and NACKs of the last sixteen responses, and remembers no more", () => {
    let { subscription } = answered();
    for (let round = 0; round < 100; round += 1) {
      subscription = onDeltaUpdate(subscription, ["default"], offer({ default: `w${round}` })).subscription;
    }
    assert.equal(subscription.recent.size, 16);
  });

  it("keeps its invariants for every sequence of requests and updates", () => {
    const name = fc.constantFrom("default", "ROOTCA", "other", "*", "");
    const names = fc.array(name, { maxLength: 4 });
    const act = fc.record({
      subscribe: names,
      unsubscribe: names,
      held: names,
      nonce: fc.constantFrom("", "current", "earlier", "9999"),
      rejects: fc.boolean(),
      version: fc.constantFrom("v1", "v2", "v3", undefined),
      isUpdate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let state: DeltaSubscription = emptyDeltaSubscription;
        const heldOrServed = new Set<string>();
        for (const { nonce, rejects, version, isUpdate, ...lists } of acts) {
          const now = offer(version === undefined ? {} : { default: version, ROOTCA: version });
          const earlier = String(Math.max(1, Number(state.nonce) - 1));
          const sent = nonce === "current" ? state.nonce : nonce === "earlier" ? earlier : nonce;
          const request = { ...lists, nonce: sent, rejection: rejects ? "no" : undefined };
          const step = isUpdate
            ? onDeltaUpdate(state, ["ROOTCA", "default"], now)
            : onDeltaRequest(state, request, now);
          if (!isUpdate) for (const held of lists.held) heldOrServed.add(held);
          checkResponse(
            step,
            isUpdate ? state : leaving(state, lists.unsubscribe),
            now.versions,
            heldOrServed,
          );
          state = step.subscription;
          if (isUpdate) assert.equal(lacking(state, now.versions), undefined, "an update was withheld");
        }
      }),
    );
  });
});

/** The state without NACKs of the names that the client unsubscribes from. */
function leaving(state: DeltaSubscription, names: readonly string[]): DeltaSubscription {
  return { ...state, nacked: new Map([...state.nacked].filter(([name]) => !names.includes(name))) };
}

function checkResponse(
  { response, subscription }: DeltaStep,
  before: DeltaSubscription,
  versions: Versions,
  heldOrServed: Set<string>,
): void {
  if (response === undefined) return;
  assert.ok(response.names.length + response.removed.length > 0);
  assert.notEqual(response.nonce, before.nonce);
  assert.equal(new Set(response.names).size, response.names.length);
  for (const name of response.names) {
    const version = versions.get(name);
    assert.ok(known.has(name) && subscription.names.has(name) && version !== undefined);
    assert.ok(!before.nacked.get(name)?.includes(version), "rejected bytes were sent again");
    heldOrServed.add(name);
  }
  for (const name of response.removed) assert.ok(!known.has(name) && !heldOrServed.has(name) && name !== "*");
}

/** A subscribed name whose current version the client has neither received nor NACKed. */
function lacking(state: DeltaSubscription, versions: Versions): string | undefined {
  return [...state.names].find((name) => {
    const version = versions.get(name);
    if (version === undefined || state.sent.get(name) === version) return false;
    return !state.nacked.get(name)?.includes(version);
  });
}
