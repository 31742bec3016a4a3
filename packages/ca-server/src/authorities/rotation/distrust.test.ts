import assert from "node:assert/strict";
import { createTestAuthority, throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { decodeState, encodeState } from "../state-codec.ts";
import { type AuthorityState, authorityOf, emptyState, rootOf, trustBundleOf } from "./authority-state.ts";
import { applyDistrust, planDistrust } from "./distrust.ts";
import { recall, recallOf } from "./recall.ts";
import { retire, retirementsOf } from "./retirement.ts";
import { abort, advance, establish, pauseRotations } from "./rotation.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";
import { prepare, type Successor } from "./succession.ts";

const start = new Date("2026-01-01T00:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const now = at(100);

/** Certificates are slow to create, so every state takes the next ones of this list. */
const certificates: StoredAuthority["certificate"][] = [];

function authority(id: string, rootId = id): StoredAuthority {
  const kind: AuthorityKind = id.startsWith("root") ? "root" : "intermediate";
  const certificate = certificates[Number(id.split("-")[1]) * 2 + (kind === "root" ? 0 : 1)];
  assert.ok(certificate);
  const dates = { stageSince: start, createdAt: start, leafHorizon: new Date(0) };
  return {
    id,
    kind,
    rootId,
    certificate,
    chain: [],
    hasKey: true,
    origin: "self-signed",
    stage: "prepared",
    ...dates,
  };
}

/** What the CA creates for a state if it needs a successor of a kind. */
function successor(state: AuthorityState, kind: AuthorityKind): Successor {
  const id = `intermediate-${state.made.intermediate + 1}`;
  if (kind === "intermediate")
    return { kind, authorities: [authority(id, rootOf(state, state.signerId).id)], signerId: id };
  const root = authority(`root-${state.made.root + 1}`);
  return { kind, authorities: [root, authority(id, root.id)], signerId: id };
}

/** Leaves of the signer are valid for longer than every test. */
function issuing(state: AuthorityState): AuthorityState {
  const covered = (one: StoredAuthority) =>
    one.id === state.signerId ? { ...one, leafHorizon: at(200) } : one;
  return { ...state, authorities: state.authorities.map(covered) };
}

const established = () => issuing(establish(emptyState, successor({ ...emptyState }, "root")));

function rotating(kind: AuthorityKind, steps: number): AuthorityState {
  const first = established();
  let state = prepare(first, successor(first, kind), at(1));
  for (let step = 0; step < steps; step++) state = issuing(advance(state, at(2 + step)));
  return state;
}

function distrusted(state: AuthorityState, id: string): AuthorityState {
  const { needs } = planDistrust(state, id, now);
  return applyDistrust(state, id, needs && successor(state, needs), now);
}

const trustedIds = (state: AuthorityState) =>
  state.authorities
    .filter(({ kind, certificate }) => kind === "root" && trustBundleOf(state).contains(certificate))
    .map(({ id }) => id);
const summary = (state: AuthorityState) => {
  const { rotation, signerId, servingSignerId } = state;
  return {
    signs: signerId,
    serves: servingSignerId,
    trusts: trustedIds(state),
    rotation: rotation && `${rotation.from} ${rotation.to} ${rotation.stage}`,
  };
};

describe("Distrusting an authority", () => {
  before(async () => {
    for (let number = 0; number < 40; number++)
      certificates.push((await createTestAuthority(`CA ${number}`)).certificate);
  });

  it("refuses an unknown authority, one that is already distrusted, and to leave nothing that signs", () => {
    const state = established();
    throwsWithCode(() => planDistrust(state, "root-9", now), "OPERATION_REFUSED");
    throwsWithCode(() => applyDistrust(state, "root-1", undefined, now), "OPERATION_REFUSED");
    const after = distrusted(state, "root-1");
    throwsWithCode(() => planDistrust(after, "root-1", now), "OPERATION_REFUSED");
    throwsWithCode(() => planDistrust(after, "intermediate-1", now), "OPERATION_REFUSED");
  });

  it("replaces the signing root at once, without any stage, and removes it from bundle and serving", () => {
    const state = distrusted(established(), "root-1");
    assert.deepEqual(summary(state), {
      signs: "intermediate-2",
      serves: "intermediate-2",
      trusts: ["root-2"],
      rotation: undefined,
    });
    for (const id of ["root-1", "intermediate-1"]) {
      const { stage, distrustedAt } = authorityOf(state, id);
      assert.deepEqual([stage, distrustedAt], ["retired", now]);
    }
  });

  it("replaces the signing intermediate under the same root, whose trust does not change", () => {
    assert.deepEqual(summary(distrusted(established(), "intermediate-1")), {
      signs: "intermediate-2",
      serves: "intermediate-2",
      trusts: ["root-1"],
      rotation: undefined,
    });
  });

  // Stage of the rotation from root-1 to root-2 → distrusted authority → result.
  const cases: readonly [AuthorityKind, number, string, ReturnType<typeof summary>][] = [
    // The successor in progress takes over, and no further one is created.
    [
      "root",
      0,
      "root-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-2"], rotation: undefined },
    ],
    [
      "root",
      1,
      "root-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-2"], rotation: undefined },
    ],
    [
      "root",
      2,
      "root-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-2"], rotation: undefined },
    ],
    [
      "root",
      3,
      "root-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-2"], rotation: undefined },
    ],
    // The former root signs again while it still may.
    [
      "root",
      0,
      "root-2",
      { signs: "intermediate-1", serves: "intermediate-1", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "root",
      1,
      "root-2",
      { signs: "intermediate-1", serves: "intermediate-1", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "root",
      2,
      "root-2",
      { signs: "intermediate-1", serves: "intermediate-1", trusts: ["root-1"], rotation: undefined },
    ],
    // A retiring root never signs again. It retires beside the rotation, and its leaves stay trusted until then.
    [
      "root",
      3,
      "root-2",
      {
        signs: "intermediate-3",
        serves: "intermediate-3",
        trusts: ["root-1", "root-3"],
        rotation: undefined,
      },
    ],
    // A new intermediate under the same root continues the rotation.
    [
      "root",
      1,
      "intermediate-1",
      {
        signs: "intermediate-3",
        serves: "intermediate-3",
        trusts: ["root-1", "root-2"],
        rotation: "intermediate-3 intermediate-2 distributed",
      },
    ],
    [
      "root",
      2,
      "intermediate-1",
      {
        signs: "intermediate-2",
        serves: "intermediate-2",
        trusts: ["root-1", "root-2"],
        rotation: undefined,
      },
    ],
    [
      "root",
      3,
      "intermediate-1",
      {
        signs: "intermediate-2",
        serves: "intermediate-2",
        trusts: ["root-1", "root-2"],
        rotation: undefined,
      },
    ],
    [
      "root",
      1,
      "intermediate-2",
      { signs: "intermediate-1", serves: "intermediate-1", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "root",
      2,
      "intermediate-2",
      {
        signs: "intermediate-3",
        serves: "intermediate-1",
        trusts: ["root-1", "root-2"],
        rotation: "intermediate-1 intermediate-3 active",
      },
    ],
    [
      "root",
      3,
      "intermediate-2",
      {
        signs: "intermediate-3",
        serves: "intermediate-3",
        trusts: ["root-1", "root-2"],
        rotation: undefined,
      },
    ],
    [
      "intermediate",
      0,
      "intermediate-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "intermediate",
      2,
      "intermediate-1",
      { signs: "intermediate-2", serves: "intermediate-2", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "intermediate",
      2,
      "intermediate-2",
      { signs: "intermediate-1", serves: "intermediate-1", trusts: ["root-1"], rotation: undefined },
    ],
    [
      "intermediate",
      3,
      "intermediate-2",
      {
        signs: "intermediate-3",
        serves: "intermediate-3",
        trusts: ["root-1"],
        rotation: undefined,
      },
    ],
    [
      "intermediate",
      3,
      "root-1",
      { signs: "intermediate-3", serves: "intermediate-3", trusts: ["root-2"], rotation: undefined },
    ],
  ];
  for (const [kind, steps, id, expected] of cases) {
    const stage = ["prepared", "distributed", "active", "retiring"][steps];
    it(`ends or continues a rotation of the ${kind} in stage ${stage} without ${id}`, () => {
      const state = distrusted(rotating(kind, steps), id);
      const order = [...expected.trusts].sort();
      assert.deepEqual(
        { ...summary(state), trusts: trustedIds(state).sort() },
        { ...expected, trusts: order },
      );
    });
  }

  it("creates a successor if the other authority of the rotation is not valid yet, or has expired", () => {
    const state = rotating("root", 1);
    const { notBefore, notAfter } = authorityOf(state, "root-2").certificate;
    for (const time of [new Date(notBefore.getTime() - 1), notAfter]) {
      const { needs, signerId } = planDistrust(state, "root-1", time);
      assert.deepEqual([needs, signerId], ["root", undefined]);
      const after = applyDistrust(state, "root-1", successor(state, "root"), time);
      check(after);
      assert.deepEqual(summary(after).trusts, ["root-3"]);
    }
    assert.equal(planDistrust(state, "root-1", now).signerId, "intermediate-2");
  });

  it("acts while rotations are paused, and leaves them paused", () => {
    const state = distrusted(pauseRotations(rotating("root", 1)), "root-1");
    assert.deepEqual([state.signerId, state.hold], ["intermediate-2", "all"]);
  });

  it("keeps a root trusted for as long as leaves of its distrusted intermediate are valid", () => {
    const state = distrusted(rotating("root", 2), "intermediate-1");
    assert.deepEqual(authorityOf(state, "root-1").leafHorizon, at(200));
    const [retirement] = retirementsOf(state);
    assert.deepEqual([retirement?.id, retirement?.leavesUntil], ["root-1", at(200)]);
    const rotated = distrusted(established(), "intermediate-1");
    assert.deepEqual(authorityOf(rotated, "root-1").leafHorizon, at(200));
  });

  it("removes a further root with the same key from the bundle", () => {
    const state = established();
    const { certificate } = authorityOf(state, "root-1");
    const other = certificates[30];
    assert.ok(other);
    const after = distrusted({ ...state, extraRoots: [certificate, other] }, "root-1");
    assert.ok(!trustBundleOf(after).contains(certificate));
    assert.ok(trustBundleOf(after).contains(other));
  });

  it("is remembered however many authorities retire afterwards", () => {
    let state = distrusted(established(), "intermediate-1");
    for (let count = 0; count < 14; count++) {
      state = prepare(state, successor(state, "intermediate"), now);
      while (state.rotation !== undefined) state = advance(state, now);
    }
    assert.equal(authorityOf(state, "intermediate-1").distrustedAt, now);
  });

  it("never signs with, trusts or returns to a distrusted authority, in any order of operations", () => {
    const step = fc.oneof(
      fc.record({ act: fc.constantFrom("advance", "abort", "root", "intermediate", "pause", "retire") }),
      fc.record({ act: fc.constantFrom("distrust", "recall"), which: fc.nat(9) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let state = established();
        for (const one of steps) {
          state = issuing(applied(state, one));
          check(state);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function applied(
  state: AuthorityState,
  step: { readonly act: string; readonly which?: number },
): AuthorityState {
  const chosen = state.authorities[(step.which ?? 0) % state.authorities.length]?.id ?? "";
  try {
    switch (step.act) {
      case "advance":
        return advance(state, now);
      case "abort":
        return abort(state, now);
      case "pause":
        return pauseRotations(state);
      case "retire":
        return retirementsOf(state).reduce((each, one) => retire(each, one, now), state);
      case "recall": {
        const { signer } = recallOf(state, chosen, now);
        return signer === undefined ? state : recall(state, signer, now);
      }
      case "distrust":
        return distrusted(state, chosen);
      default:
        return prepare(state, successor(state, step.act as AuthorityKind), now);
    }
  } catch (error) {
    if ((error as { code?: string }).code === "OPERATION_REFUSED") return state;
    throw error;
  }
}

function check(state: AuthorityState): void {
  const { signerId, servingSignerId, rotation } = state;
  const bundle = trustBundleOf(state);
  const chain = [authorityOf(state, signerId), rootOf(state, signerId)];
  for (const { stage, distrustedAt } of chain) assert.deepEqual([stage, distrustedAt], ["active", undefined]);
  assert.ok(bundle.contains(rootOf(state, signerId).certificate));
  assert.ok(bundle.contains(rootOf(state, servingSignerId).certificate));
  for (const { id, distrustedAt, certificate, stage } of state.authorities) {
    if (distrustedAt === undefined) continue;
    assert.ok(!bundle.contains(certificate) && stage === "retired");
    assert.ok(![signerId, servingSignerId, rotation?.from, rotation?.to].includes(id), id);
  }
  const used = [signerId, servingSignerId, rotation?.from, rotation?.to].flatMap((id) =>
    id === undefined ? [] : [id, authorityOf(state, id).rootId],
  );
  const orphans = state.authorities.filter(
    ({ id, stage }) =>
      !used.includes(id) && (stage === "prepared" || stage === "distributed" || stage === "active"),
  );
  assert.deepEqual(
    orphans.map(({ id }) => id),
    [],
    "every authority in use is part of something",
  );
  const text = JSON.stringify(encodeState(state));
  assert.deepEqual(encodeState(decodeState(JSON.parse(text))), JSON.parse(text));
}
