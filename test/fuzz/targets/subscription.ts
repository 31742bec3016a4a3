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

/** The state of the stream as the client sees it, independent of the server's code. */
class ClientModel {
  asked: ReadonlySet<string> = new Set();
  last: SotwResponse | undefined;
  /** Names of the last response, which the client may still reject. */
  #open = new Set<string>();
  /** `name version` of every rejected resource of a subscribed name. */
  readonly refused = new Set<string>();
  readonly had = new Map<string, string>();

  request(requested: readonly string[], nonce: string, rejects: boolean): void {
    if (this.last !== undefined && nonce !== "" && nonce !== this.last.nonce) return;
    if (rejects) for (const name of this.#open) this.refused.add(`${name} ${this.had.get(name)}`);
    const asked = new Set(requested.filter((name) => known.has(name)));
    for (const name of this.asked) if (!asked.has(name)) this.#leave(name);
    this.asked = asked;
  }

  /** If a client subscribes again to a name that it left, it starts afresh with that name. */
  #leave(name: string): void {
    this.#open.delete(name);
    for (const one of this.refused) if (one.startsWith(`${name} `)) this.refused.delete(one);
  }

  receive(response: SotwResponse | undefined, versions: Versions): void {
    if (response === undefined) return;
    assert.ok(response.names.length > 0 && new Set(response.names).size === response.names.length);
    assert.notEqual(response.nonce, this.last?.nonce, "a nonce was reused");
    for (const name of response.names) {
      const version = versions.get(name);
      assert.ok(version !== undefined && this.asked.has(name), `${name} was not subscribed to`);
      assert.ok(!this.refused.has(`${name} ${version}`), `${name} ${version} was rejected before`);
      this.had.set(name, version);
    }
    this.last = response;
    this.#open = new Set(response.names);
  }

  /** A name that the server withholds although the client subscribed to it and did not reject it. */
  withheld(versions: Versions): string | undefined {
    return [...this.asked].find((name) => {
      const version = versions.get(name);
      return (
        version !== undefined && this.had.get(name) !== version && !this.refused.has(`${name} ${version}`)
      );
    });
  }
}

/** Octets from this value on are updates; lower ones are requests. */
const firstUpdate = 0xc0;

const stories = [
  [0x00, 0x05, 0x40, 0x41, 0x80, 0x09, 0x02, 0x3f],
  [0x05, 0x02, 0x87, 0x05, 0x46, 0xc1, 0x05],
].map((octets) => Uint8Array.from(octets));

/** An SDS client that sends any messages in any order while secrets appear, change and disappear. */
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
      if (octet >= firstUpdate) assert.equal(model.withheld(versions), undefined, "an update was withheld");
      state = step.subscription;
    }
    return "accepted";
  },
};

/** Decodes one octet into a request: rejection, names and nonce. */
function requestOf(octet: number, state: SotwSubscription, model: ClientModel): SotwRequest {
  const wanted = names.filter((_, bit) => ((octet >> 1) & (1 << bit)) !== 0);
  const chosen = nonces[octet >> 6] ?? "";
  const nonce = chosen === "current" ? state.nonce : chosen;
  const rejects = (octet & 1) === 1;
  model.request(wanted, nonce, rejects);
  return { names: wanted, nonce, rejection: rejects ? "no" : undefined };
}

/** Two bits of version for each name; one of the four values means no secret. */
function changed(versions: Versions, octet: number): Versions {
  const next = new Map(versions);
  for (const [index, name] of [...known].entries()) {
    const version = (octet >> (2 * index)) & 3;
    if (version === 0) next.delete(name);
    else next.set(name, `v${version}`);
  }
  return next;
}
