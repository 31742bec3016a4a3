import assert from "node:assert/strict";
import fc from "fast-check";
import type { Versions } from "../../../packages/agent/src/sds/subscription/response-history.ts";
import {
  emptySotwSubscription,
  onSotwRequest,
  onSotwUpdate,
  type SotwRequest,
  type SotwResponse,
  type SotwSubscription,
} from "../../../packages/agent/src/sds/subscription/sotw-subscription.ts";
import type { Target } from "../target.ts";

const names = ["default", "ROOTCA", "kubernetes://other", "", "toString"];
const known = new Set(["default", "ROOTCA"]);
const isKnown = (name: string) => known.has(name);
const nonces = ["current", "", "9999"];

/** What a client remembers of its stream, kept apart from what the server does. */
class ClientModel {
  asked: ReadonlySet<string> = new Set();
  last: SotwResponse | undefined;
  /** Names of the last response, which it may still refuse. */
  #open = new Set<string>();
  /** `name version` of all that it refused, while it follows the name. */
  readonly refused = new Set<string>();
  readonly had = new Map<string, string>();

  request(requested: readonly string[], nonce: string, rejects: boolean): void {
    if (this.last !== undefined && nonce !== "" && nonce !== this.last.nonce) return;
    if (rejects) for (const name of this.#open) this.refused.add(`${name} ${this.had.get(name)}`);
    const asked = new Set(requested.filter((name) => known.has(name)));
    for (const name of this.asked) if (!asked.has(name)) this.#leave(name);
    this.asked = asked;
  }

  /** Whoever asks for a name that was left is a new client of it. */
  #leave(name: string): void {
    this.#open.delete(name);
    for (const one of this.refused) if (one.startsWith(`${name} `)) this.refused.delete(one);
  }

  receive(response: SotwResponse | undefined, versions: Versions): void {
    if (response === undefined) return;
    assert.ok(response.names.length > 0 && new Set(response.names).size === response.names.length);
    assert.notEqual(response.nonce, this.last?.nonce, "a nonce was used again");
    for (const name of response.names) {
      const version = versions.get(name);
      assert.ok(version !== undefined && this.asked.has(name), `${name} was not asked for`);
      assert.ok(!this.refused.has(`${name} ${version}`), `${name} ${version} was refused before`);
      this.had.set(name, version);
    }
    this.last = response;
    this.#open = new Set(response.names);
  }

  /** Nothing that it asked for and did not refuse may be kept from it. */
  lacks(versions: Versions): string | undefined {
    return [...this.asked].find((name) => {
      const version = versions.get(name);
      return (
        version !== undefined && this.had.get(name) !== version && !this.refused.has(`${name} ${version}`)
      );
    });
  }
}

/** Octets from here on are updates, those below are requests. */
const firstUpdate = 0xc0;

const stories = [
  [0x00, 0x05, 0x40, 0x41, 0x80, 0x09, 0x02, 0x3f],
  [0x05, 0x02, 0x87, 0x05, 0x46, 0xc1, 0x05],
].map((octets) => Uint8Array.from(octets));

/** A client of secret discovery that sends anything in any order, while secrets come, change and go. */
export const subscription: Target = {
  name: "sds-subscription",
  valid: stories,
  inputs: fc.uint8Array({ maxLength: 120 }),
  check(story) {
    const model = new ClientModel();
    let state = emptySotwSubscription;
    let versions: Versions = new Map();
    for (const octet of story) {
      if (octet >= firstUpdate) versions = changed(versions, octet);
      const step =
        octet >= firstUpdate
          ? onSotwUpdate(state, [...known], { isKnown, versions })
          : onSotwRequest(state, requestOf(octet, state, model), { isKnown, versions });
      model.receive(step.response, versions);
      if (octet >= firstUpdate) assert.equal(model.lacks(versions), undefined, "an update was kept back");
      state = step.subscription;
    }
    return "accepted";
  },
};

/** One octet as a request: whether it refuses, which names, which nonce. */
function requestOf(octet: number, state: SotwSubscription, model: ClientModel): SotwRequest {
  const wanted = names.filter((_, bit) => ((octet >> 1) & (1 << bit)) !== 0);
  const chosen = nonces[octet >> 6] ?? "";
  const nonce = chosen === "current" ? state.nonce : chosen;
  const rejects = (octet & 1) === 1;
  model.request(wanted, nonce, rejects);
  return { names: wanted, nonce, rejection: rejects ? "no" : undefined };
}

/** Two bits of version for each name; of the four, one is none. */
function changed(versions: Versions, octet: number): Versions {
  const next = new Map(versions);
  for (const [index, name] of [...known].entries()) {
    const version = (octet >> (2 * index)) & 3;
    if (version === 0) next.delete(name);
    else next.set(name, `v${version}`);
  }
  return next;
}
