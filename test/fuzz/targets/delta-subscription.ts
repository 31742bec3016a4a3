import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DeltaRequest,
  type DeltaResponse,
  type DeltaSubscription,
  emptyDeltaSubscription,
  onDeltaRequest,
  onDeltaUpdate,
} from "../../../packages/agent/src/sds/subscription/delta-subscription.ts";
import type { Versions } from "../../../packages/agent/src/sds/subscription/response-history.ts";
import type { Target } from "../target.ts";

const known = ["default", "ROOTCA"];
const names = [...known, "*", "other"];
const isKnown = (name: string) => known.includes(name);

/** The state of the stream as the client sees it, independent of the server's code. */
class ClientModel {
  asked: ReadonlySet<string> = new Set();
  /** The contents of each response, by nonce. */
  readonly responses = new Map<string, readonly string[]>();
  /** `name version` of every rejected resource of a subscribed name. */
  readonly refused = new Set<string>();
  /** The latest version of each subscribed resource. */
  had = new Map<string, string>();
  /** Names of resources that it has or has had. */
  readonly owned = new Set<string>();

  request({ subscribe, unsubscribe, held, nonce, rejection }: DeltaRequest, last: string): void {
    const about = this.responses.get(nonce === "" ? last : nonce) ?? [];
    if (rejection !== undefined) for (const each of about) this.refused.add(each);
    for (const name of held) this.owned.add(name);
    for (const name of unsubscribe) this.#leave(name);
    const stay = [...this.asked].filter((name) => !unsubscribe.includes(name));
    this.asked = new Set([...stay, ...subscribe.filter(isKnown)]);
    this.had = new Map([...this.had].filter(([name]) => stay.includes(name)));
  }

  /** If a client subscribes again to a name that it left, it starts afresh with that name. */
  #leave(name: string): void {
    const isOf = (one: string) => one.startsWith(`${name} `);
    for (const one of this.refused) if (isOf(one)) this.refused.delete(one);
    for (const [nonce, carried] of this.responses) {
      this.responses.set(
        nonce,
        carried.filter((one) => !isOf(one)),
      );
    }
  }

  receive({ names: sent, removed, nonce }: DeltaResponse, versions: Versions): void {
    assert.ok(sent.length + removed.length > 0 && new Set(sent).size === sent.length);
    assert.ok(!this.responses.has(nonce), "a nonce was reused");
    for (const name of removed) {
      assert.ok(!isKnown(name) && !this.owned.has(name) && name !== "*", `${name} was withdrawn`);
    }
    for (const name of sent) {
      const version = versions.get(name);
      assert.ok(version !== undefined && this.asked.has(name), `${name} was not subscribed to`);
      assert.ok(!this.refused.has(`${name} ${version}`), `${name} ${version} was rejected before`);
      this.had.set(name, version);
      this.owned.add(name);
    }
    this.responses.set(
      nonce,
      sent.map((name) => `${name} ${versions.get(name)}`),
    );
  }

  /** A name that the server withholds although the client subscribed to it and did not reject it. */
  withheld(versions: Versions): string | undefined {
    return [...this.asked].find((name) => {
      const version = versions.get(name);
      if (version === undefined || this.had.get(name) === version) return false;
      return !this.refused.has(`${name} ${version}`);
    });
  }
}

/** Octets from this value on are updates; a lower one is a request together with the next octet. */
const firstUpdate = 0xc0;

const stories = [
  [0xc5, 0x01, 0x00, 0x40, 0x00, 0x60, 0x00, 0xca, 0x03, 0x10],
  [0x0f, 0xf0, 0xc1, 0x22, 0x11, 0xc6, 0x5f, 0x0f],
].map((octets) => Uint8Array.from(octets));

/** A delta SDS client that sends any messages in any order while secrets appear, change and disappear. */
export const deltaSubscription: Target = {
  name: "sds-delta-subscription",
  valid: stories,
  // Fewer events than sixteen responses with their verdicts, which is the server's memory limit.
  inputs: fc.uint8Array({ maxLength: 30 }),
  check(story) {
    const model = new ClientModel();
    let state = emptyDeltaSubscription;
    let versions: Versions = new Map();
    for (let at = 0; at < Math.min(story.length, 30); at += 1) {
      const octet = story[at] ?? 0;
      const isUpdate = octet >= firstUpdate;
      if (isUpdate) versions = versionsIn(octet);
      else at += 1;
      const request = requestOf(octet, story[at] ?? 0, state);
      if (!isUpdate) model.request(request, state.nonce);
      const snapshot = { isKnown, versions };
      const step = isUpdate
        ? onDeltaUpdate(state, known, snapshot)
        : onDeltaRequest(state, request, snapshot);
      if (step.response !== undefined) model.receive(step.response, versions);
      assert.equal(isUpdate ? model.withheld(versions) : undefined, undefined, "an update was withheld");
      state = step.subscription;
    }
    return "accepted";
  },
};

/**
 * Decodes two octets into a request: names to subscribe to, rejection and nonce; names to unsubscribe from,
 * and held names.
 */
function requestOf(octet: number, next: number, state: DeltaSubscription): DeltaRequest {
  const chosen = (bits: number) => names.filter((_, bit) => (bits & (1 << bit)) !== 0);
  const nonce = ["", state.nonce, String(Math.max(1, state.responses - 1))][octet >> 6] ?? "";
  const rejection = (octet & 0x20) === 0 ? undefined : "no";
  return {
    subscribe: chosen(octet & 0x0f),
    unsubscribe: chosen(next & 0x0f),
    held: chosen(next >> 4),
    nonce,
    rejection,
  };
}

/** Two bits of version for each name; one of the four values means no secret. */
function versionsIn(octet: number): Versions {
  const all = known.map((name, index) => [name, (octet >> (2 * index)) & 3] as const);
  return new Map(all.filter(([, version]) => version > 0).map(([name, version]) => [name, `v${version}`]));
}
