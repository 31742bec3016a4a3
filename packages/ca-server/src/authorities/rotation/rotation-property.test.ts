import assert from "node:assert/strict";
import type { Certificate } from "@kasbah/pki";
import { createTestAuthority } from "@kasbah/testkit";
import fc from "fast-check";
import { OperationError } from "../../errors.ts";
import { decodeState, encodeState } from "../state-codec.ts";
import { type AuthorityState, authorityOf, emptyState, isTrusted, needsKey } from "./authority-state.ts";
import { timeGate } from "./gates/rotation-gate.ts";
import { coverLeaf } from "./leaf-horizon.ts";
import { recall, recallOf } from "./recall.ts";
import { giveUpKey, keptRetired, retire, retirementsOf } from "./retirement.ts";
import { abort, advance, establish, pauseRotations, resumeRotations } from "./rotation.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";
import { prepare, type Successor } from "./succession.ts";

const hourMs = 3_600_000;
const start = new Date("2026-01-01T00:00:00Z");

/** An act of the operator, of the CA or of time. Numbers choose among what exists. */
type Act =
  | { readonly kind: "issue" | "pass"; readonly hours: number }
  | { readonly kind: "rotate root" | "rotate intermediate" | "replace coming intermediate" }
  | { readonly kind: "look" | "abort" | "pause" | "resume" | "give up key" }
  | { readonly kind: "recall"; readonly which: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("issue" as const), hours: fc.constantFrom(1, 24, 500) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), hours: fc.constantFrom(1, 13, 30, 700) }),
  },
  { weight: 8, arbitrary: fc.constant({ kind: "look" as const }) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(
        "rotate root",
        "rotate intermediate",
        "replace coming intermediate",
        "abort",
        "give up key",
      )
      .map((kind): Act => ({ kind: kind as "abort" })),
  },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "pause" as const }, { kind: "resume" as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("recall" as const), which: fc.nat(30) }) },
);

/** A workload: its leaf, and the roots in the bundle that came with it. */
interface Client {
  readonly signerId: string;
  readonly notAfter: Date;
  readonly roots: ReadonlySet<string>;
}

class Mesh {
  state: AuthorityState = emptyState;
  now = start;
  readonly #certificate: Certificate;
  #clients: Client[] = [];

  constructor(certificate: Certificate) {
    this.#certificate = certificate;
    this.state = establish(emptyState, this.#newRoot());
  }

  /** Applies an act. A refusal changes nothing. */
  apply(act: Act): void {
    const before = this.state;
    try {
      this.state = this.#after(act);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      assert.equal(this.state, before);
    }
    const changed = JSON.stringify(stagesOf(this.state)) !== JSON.stringify(stagesOf(before));
    if (changed) assert.ok(this.state.epoch > before.epoch, `${act.kind} kept the epoch`);
  }

  #after(act: Act): AuthorityState {
    const { state, now } = this;
    switch (act.kind) {
      case "issue":
        return this.#issue(act.hours);
      case "pass":
        this.now = new Date(now.getTime() + act.hours * hourMs);
        this.#clients = this.#clients.filter(({ notAfter }) => notAfter > this.now);
        return state;
      case "look":
        return look(state, now);
      case "rotate root":
        return prepare(state, this.#newRoot(), now);
      case "rotate intermediate":
        return prepare(state, this.#newIntermediate(authorityOf(state, state.signerId).rootId), now);
      case "replace coming intermediate":
        return this.#replaceComing();
      case "abort":
        return abort(state, now);
      case "pause":
        return pauseRotations(state);
      case "resume":
        return resumeRotations(state);
      case "give up key":
        return keptRetired(state).reduce((one, { id }) => giveUpKey(one, id), state);
      case "recall":
        return this.#recall(act.which);
    }
  }

  #recall(which: number): AuthorityState {
    const { state, now } = this;
    const { id = "" } = state.authorities[which % state.authorities.length] ?? {};
    const { root, signer } = recallOf(state, id, now);
    const newcomer = this.#newIntermediate(root.id).authorities[0];
    assert.ok(newcomer);
    return recall(state, signer ?? newcomer, now);
  }

  #replaceComing(): AuthorityState {
    const { state, now } = this;
    if (state.rotation === undefined) return state;
    const { rootId } = authorityOf(state, state.rotation.to);
    return prepare(state, this.#newIntermediate(rootId), now);
  }

  #issue(hours: number): AuthorityState {
    const { signerId } = this.state;
    const notAfter = new Date(this.now.getTime() + hours * hourMs);
    const roots = this.state.authorities.filter((one) => one.kind === "root" && isTrusted(one));
    this.#clients.push({ signerId, notAfter, roots: new Set(roots.map(({ id }) => id)) });
    return coverLeaf(this.state, signerId, notAfter, this.now);
  }

  #newRoot(): Successor {
    const root = this.#create("root", `root-${this.state.made.root + 1}`);
    const [intermediate] = this.#newIntermediate(root.id).authorities;
    assert.ok(intermediate);
    return { kind: "root", authorities: [root, intermediate], signerId: intermediate.id };
  }

  #newIntermediate(rootId: string): Successor {
    const id = `intermediate-${this.state.made.intermediate + 1}`;
    const authorities = [this.#create("intermediate", id, rootId)];
    return { kind: "intermediate", authorities, signerId: id };
  }

  #create(kind: AuthorityKind, id: string, rootId = id): StoredAuthority {
    const dates = { stageSince: this.now, createdAt: this.now, leafHorizon: new Date(0) };
    const certificate = this.#certificate;
    const fixed = { chain: [], hasKey: true, origin: "self-signed", stage: "prepared" } as const;
    return { id, kind, rootId, certificate, ...fixed, ...dates };
  }

  /** What must hold at every moment. */
  check(): void {
    const { state } = this;
    const signer = authorityOf(state, state.signerId);
    assert.equal(signer.stage, "active", `${signer.id} signs and is ${signer.stage}`);
    assert.ok(isTrusted(authorityOf(state, signer.rootId)), "the root of the signer is trusted");
    assert.ok(needsKey(signer) && needsKey(authorityOf(state, state.servingSignerId)));
    for (const { signerId } of this.#clients) {
      const one = authorityOf(state, signerId);
      assert.ok(
        one.stage !== "retired" && isTrusted(authorityOf(state, one.rootId)),
        `${signerId} has leaves`,
      );
      for (const { roots } of this.#clients)
        assert.ok(roots.has(one.rootId), `a client does not trust ${one.rootId}`);
    }
    const { rotation } = state;
    if (rotation)
      for (const id of [rotation.from, rotation.to]) assert.notEqual(authorityOf(state, id).stage, "retired");
    for (const one of state.authorities) authorityOf(state, one.rootId);
  }

  /** However the state was reached, the CA comes to rest: one chain signs, and everything else has retired. */
  settle(): void {
    this.apply({ kind: "resume" });
    for (let looks = 0; looks < 60; looks++) {
      this.apply({ kind: "pass", hours: 700 });
      this.apply({ kind: "look" });
      this.check();
    }
    assert.equal(this.state.rotation, undefined);
    const inUse = this.state.authorities.filter(({ stage }) => stage !== "retired").map(({ id }) => id);
    const { signerId } = this.state;
    assert.deepEqual(inUse.sort(), [authorityOf(this.state, signerId).rootId, signerId].sort());
  }
}

/** One look of the CA. */
function look(state: AuthorityState, now: Date): AuthorityState {
  const { rotation, hold } = state;
  if (hold === "all") return state;
  if (rotation !== undefined && timeGate.mayAdvance(state, rotation, now).open) return advance(state, now);
  const due = retirementsOf(state).find((each) => timeGate.mayRetire(each, now).open);
  return due === undefined ? state : retire(state, due, now);
}

function stagesOf({ authorities, signerId, rotation }: AuthorityState) {
  return [signerId, rotation?.stage, authorities.map(({ id, stage }) => [id, stage])];
}

describe("Any sequence of rotations, replacements, aborts and recalls", () => {
  let certificate: Certificate;

  before(async () => {
    ({ certificate } = await createTestAuthority("any"));
  });

  it("never leaves a client that another does not trust, nor a CA that cannot sign, and comes to rest", () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 5, maxLength: 60 }), (sequence) => {
        const mesh = new Mesh(certificate);
        for (const act of sequence) {
          mesh.apply(act);
          mesh.check();
        }
        mesh.settle();
      }),
      { numRuns: Number(process.env["KASBAH_ROTATION_RUNS"] ?? 400) },
    );
  });

  it("reaches only states that survive their storage", () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 5, maxLength: 40 }), (sequence) => {
        const mesh = new Mesh(certificate);
        for (const act of sequence) mesh.apply(act);
        const stored = encodeState(mesh.state);
        assert.deepEqual(encodeState(decodeState(JSON.parse(JSON.stringify(stored)))), stored);
      }),
      { numRuns: 40 },
    );
  });
});
