import assert from "node:assert/strict";
import { createTestAuthority, throwsWithCode } from "@kasbah/testkit";
import { type AuthorityState, emptyState, trustBundleOf } from "./authority-state.ts";
import { timeGate } from "./gates/rotation-gate.ts";
import { retire, retirementsOf } from "./retirement.ts";
import { abort, advance, establish, pauseRotations, resumeRotations } from "./rotation.ts";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "./stored-authority.ts";
import { prepare, type Successor } from "./succession.ts";

const start = new Date("2026-01-01T00:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);

async function authority(id: string, rootId = id): Promise<StoredAuthority> {
  const { certificate } = await createTestAuthority(id);
  const kind: AuthorityKind = id.startsWith("root") ? "root" : "intermediate";
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

async function rootPair(number: number): Promise<Successor> {
  const root = await authority(`root-${number}`);
  const intermediate = await authority(`intermediate-${number}`, root.id);
  return { kind: "root", authorities: [root, intermediate], signerId: intermediate.id };
}

async function established(): Promise<AuthorityState> {
  return establish(emptyState, await rootPair(1));
}

/** Sets the horizon as issuance does: leaves of the authority may be valid until then. */
function withHorizon(state: AuthorityState, id: string, leafHorizon: Date): AuthorityState {
  const authorities = state.authorities.map((one) => (one.id === id ? { ...one, leafHorizon } : one));
  return { ...state, authorities };
}

function stagesOf(state: AuthorityState): Record<string, AuthorityStage> {
  return Object.fromEntries(state.authorities.map(({ id, stage }) => [id, stage]));
}

const trusts = (state: AuthorityState, id: string) =>
  state.authorities.some((one) => one.id === id && trustBundleOf(state).contains(one.certificate));

describe("Rotation of authorities", () => {
  describe("refusals", () => {
    it("refuses a second rotation while one is in progress", async () => {
      const state = prepare(await established(), await rootPair(2), at(1));
      const third = await rootPair(3);
      throwsWithCode(() => prepare(state, third, at(2)), "OPERATION_REFUSED");
    });

    it("refuses another intermediate while 32 are retiring, and takes it when one of them has retired", async () => {
      const spare = await authority("intermediate-2", "root-1");
      const replace = (state: AuthorityState, number: number) => {
        const id = `intermediate-${number}`;
        return prepare(state, { kind: "intermediate", authorities: [{ ...spare, id }], signerId: id }, at(1));
      };
      let state = await established();
      for (let number = 2; number <= 34; number++) {
        state = replace(withHorizon(state, state.signerId, at(100)), number);
        for (let stages = 0; stages < 2; stages++) state = advance(state, at(1));
      }
      state = advance(state, at(100));
      assert.equal(state.authorities.filter(({ stage }) => stage === "retiring").length, 33);
      throwsWithCode(() => replace(state, 35), "OPERATION_REFUSED");
      for (const due of retirementsOf(state).slice(0, 2)) state = retire(state, due, at(100));
      assert.equal(replace(state, 35).rotation?.to, "intermediate-35");
    });

    it("refuses to start a rotation while rotations are paused", async () => {
      const second = await rootPair(2);
      const state = pauseRotations(await established());
      throwsWithCode(() => prepare(state, second, at(1)), "OPERATION_REFUSED");
    });

    it("refuses to abort a rotation once the former authority is retiring", async () => {
      let state = prepare(await established(), await rootPair(2), at(1));
      for (const minute of [2, 3, 4]) state = advance(state, at(minute));
      assert.equal(state.rotation?.stage, "retiring");
      throwsWithCode(() => abort(state, at(5)), "OPERATION_REFUSED");
    });

    it("refuses to advance or abort without a rotation in progress, and to establish authorities twice", async () => {
      const state = await established();
      const again = await rootPair(2);
      throwsWithCode(() => advance(state, at(1)), "OPERATION_REFUSED");
      throwsWithCode(() => abort(state, at(1)), "OPERATION_REFUSED");
      throwsWithCode(() => establish(state, again), "OPERATION_REFUSED");
    });
  });

  it("passes every stage in order, and trusts a new root before it signs and the old one afterwards", async () => {
    let state = prepare(await established(), await rootPair(2), at(1));
    const seen: unknown[] = [];
    for (let minute = 2; state.rotation !== undefined; minute++) {
      const { rotation, signerId, servingSignerId } = state;
      seen.push([
        rotation.stage,
        signerId,
        servingSignerId,
        trusts(state, "root-1"),
        trusts(state, "root-2"),
      ]);
      state = advance(state, at(minute));
    }
    assert.deepEqual(seen, [
      ["prepared", "intermediate-1", "intermediate-1", true, false],
      ["distributed", "intermediate-1", "intermediate-1", true, true],
      ["active", "intermediate-2", "intermediate-1", true, true],
      ["retiring", "intermediate-2", "intermediate-2", true, true],
    ]);
    assert.deepEqual(stagesOf(state), {
      "root-1": "retired",
      "intermediate-1": "retired",
      "root-2": "active",
      "intermediate-2": "active",
    });
    assert.equal(trusts(state, "root-1"), false);
  });

  it("replaces only an intermediate under its root without changing the trust bundle", async () => {
    let state = await established();
    const bundle = trustBundleOf(state);
    const intermediate = await authority("intermediate-2", "root-1");
    state = prepare(
      state,
      { kind: "intermediate", authorities: [intermediate], signerId: intermediate.id },
      at(1),
    );
    for (let minute = 2; state.rotation !== undefined; minute++) {
      assert.ok(trustBundleOf(state).equals(bundle));
      state = advance(state, at(minute));
    }
    assert.deepEqual(stagesOf(state), {
      "root-1": "active",
      "intermediate-1": "retired",
      "intermediate-2": "active",
    });
  });

  it("adds an intermediate under a root that signed itself, and keeps the root active", async () => {
    const root = await authority("root-1");
    let state = establish(emptyState, { kind: "root", authorities: [root], signerId: root.id });
    const intermediate = await authority("intermediate-1", root.id);
    state = prepare(
      state,
      { kind: "intermediate", authorities: [intermediate], signerId: intermediate.id },
      at(1),
    );
    for (let minute = 2; state.rotation !== undefined; minute++) state = advance(state, at(minute));
    assert.deepEqual(stagesOf(state), { "root-1": "active", "intermediate-1": "active" });
    assert.equal(state.signerId, "intermediate-1");
  });

  it("gives each transition its own epoch", async () => {
    let state = prepare(await established(), await rootPair(2), at(1));
    const epochs = [state.epoch];
    while (state.rotation !== undefined) {
      state = advance(state, at(2));
      epochs.push(state.epoch);
    }
    assert.deepEqual(epochs, [2, 3, 4, 5, 6]);
  });

  describe("abort", () => {
    for (const stage of ["prepared", "distributed"] as const) {
      it(`drops the new authority immediately when aborted in stage ${stage}, and starts no rotation automatically`, async () => {
        let state = prepare(await established(), await rootPair(2), at(1));
        if (stage === "distributed") state = advance(state, at(2));
        state = abort(state, at(3));
        assert.equal(state.rotation, undefined);
        assert.equal(state.signerId, "intermediate-1");
        assert.equal(stagesOf(state)["root-2"], "retired");
        assert.equal(trusts(state, "root-2"), false);
        assert.equal(state.hold, "starts");
        assert.equal(resumeRotations(state).hold, "none");
      });
    }

    it("returns to the former authority when aborted in stage active, and trusts the new one until its leaves have expired", async () => {
      let state = prepare(await established(), await rootPair(2), at(1));
      state = advance(advance(state, at(2)), at(3));
      assert.equal(state.signerId, "intermediate-2");
      state = abort(withHorizon(state, "intermediate-2", at(90)), at(4));
      assert.deepEqual([state.signerId, state.servingSignerId], ["intermediate-1", "intermediate-1"]);
      assert.ok(trusts(state, "root-2"));
      const { rotation } = state;
      assert.ok(rotation?.aborted);
      assert.equal(timeGate.mayAdvance(state, rotation, at(89)).open, false);
      assert.equal(timeGate.mayAdvance(state, rotation, at(90)).open, true);
      state = advance(state, at(90));
      assert.deepEqual(stagesOf(state), {
        "root-1": "active",
        "intermediate-1": "active",
        "root-2": "retired",
        "intermediate-2": "retired",
      });
    });
  });

  it("keeps only the last twenty retired authorities without a key over a decade, and all that have one", async () => {
    let state = await established();
    const spare = await authority("intermediate-2", "root-1");
    for (let number = 2; number < 60; number++) {
      const authorities = [{ ...spare, id: `intermediate-${number}`, hasKey: number >= 30 }];
      state = prepare(
        state,
        { kind: "intermediate", authorities, signerId: `intermediate-${number}` },
        at(number),
      );
      while (state.rotation !== undefined) state = advance(state, at(number));
    }
    const keyless = state.authorities.filter(({ hasKey }) => !hasKey).map(({ id }) => id);
    assert.deepEqual([keyless.length, keyless[0]], [20, "intermediate-10"]);
    assert.equal(state.authorities.length, 20 + 2 + 30);
    assert.equal(state.made.intermediate, 59);
  });
});

describe("timeGate", () => {
  it("keeps a stage until the last leaf issued before it has expired, and reports that time", async () => {
    const busy = withHorizon(await established(), "intermediate-1", at(60));
    let state = prepare(busy, await rootPair(2), at(1));
    const opensAt = () => {
      const { rotation } = state;
      assert.ok(rotation);
      return [0, 59.99, 60, 70, 80].find((minute) => timeGate.mayAdvance(state, rotation, at(minute)).open);
    };
    assert.equal(opensAt(), 0, "the prepared stage waits for no leaf");
    state = advance(state, at(2));
    assert.equal(opensAt(), 60);
    state = advance(withHorizon(state, "intermediate-1", at(70)), at(60));
    assert.equal(opensAt(), 70, "active waits for all leaves of the former authority");
    state = advance(withHorizon(state, "intermediate-2", at(80)), at(70));
    assert.equal(opensAt(), 80, "retiring waits for every agent's next leaf");
  });

  it("waits for a leaf that a call in progress received after the former authority stopped signing", async () => {
    let state = prepare(await established(), await rootPair(2), at(1));
    state = advance(advance(state, at(2)), at(3));
    state = withHorizon(state, "intermediate-1", at(50));
    const { rotation } = state;
    assert.ok(rotation);
    const answer = timeGate.mayAdvance(state, rotation, at(49));
    assert.deepEqual(answer, {
      open: false,
      reason: 'leaves issued before "active" are valid until 2026-01-01T00:50:00.000Z',
      earliest: at(50),
    });
  });

  it("lets a new intermediate sign immediately, because every leaf carries it", async () => {
    const busy = withHorizon(await established(), "intermediate-1", at(60));
    const intermediate = await authority("intermediate-2", "root-1");
    let state = prepare(
      busy,
      { kind: "intermediate", authorities: [intermediate], signerId: intermediate.id },
      at(1),
    );
    state = advance(state, at(1));
    assert.ok(state.rotation && timeGate.mayAdvance(state, state.rotation, at(1)).open);
    state = advance(state, at(1));
    assert.ok(state.rotation && !timeGate.mayAdvance(state, state.rotation, at(1)).open);
  });
});
