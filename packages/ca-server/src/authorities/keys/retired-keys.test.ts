import assert from "node:assert/strict";
import { createTestAuthority, FakeClock, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { StateError } from "../../errors.ts";
import { MemoryLedger } from "../../recording/memory-ledger.fixture.ts";
import { recordKeyDestruction } from "../../recording/record-key-destruction.ts";
import { AuthorityKeeper } from "../keeper.ts";
import { type AuthorityState, emptyState } from "../rotation/authority-state.ts";
import { timeGate } from "../rotation/gates/rotation-gate.ts";
import { StageGuard } from "../rotation/gates/stage-guard.ts";
import { recall } from "../rotation/recall.ts";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "../rotation/stored-authority.ts";
import { AuthorityKeys } from "./authority-keys.ts";
import type { KeyVault } from "./key-vault.ts";
import { RetiredKeys } from "./retired-keys.ts";

const dayMs = 86_400_000;
const start = new Date("2030-01-01T00:00:00Z");

/** A vault that remembers what it holds, and can fail. */
class FailingVault implements KeyVault {
  readonly held = new Set(["root-1", "intermediate-1", "intermediate-2"]);
  failure: Error | undefined;
  /** Called before each removal. */
  onRemove: () => void = () => undefined;

  async find() {
    return undefined;
  }
  async put() {
    return false;
  }
  async holdsKey(id: string) {
    return this.held.has(id);
  }
  async remove(id: string) {
    this.onRemove();
    if (this.failure !== undefined) throw this.failure;
    return this.held.delete(id);
  }
  placeOf(id: string) {
    return id;
  }
}

describe("RetiredKeys", () => {
  let clock: FakeClock;
  let vault: FailingVault;
  let state: AuthorityState;
  let storeFailure: Error | undefined;
  let ledger: MemoryLedger;

  beforeEach(async () => {
    clock = new FakeClock(start);
    vault = new FailingVault();
    storeFailure = undefined;
    ledger = new MemoryLedger();
    const { certificate } = await createTestAuthority("any");
    const authority = (id: string, kind: AuthorityKind, stage: AuthorityStage): StoredAuthority => ({
      ...{ id, kind, stage, certificate, rootId: "root-1", chain: [], hasKey: true, origin: "self-signed" },
      ...{ stageSince: start, createdAt: start, leafHorizon: start },
    });
    const authorities = [
      authority("root-1", "root", "active"),
      authority("intermediate-1", "intermediate", "retired"),
      authority("intermediate-2", "intermediate", "active"),
    ];
    const signers = { signerId: "intermediate-2", servingSignerId: "intermediate-2" };
    state = { ...emptyState, epoch: 1, ...signers, authorities };
  });

  /** A process on the state and the vault. */
  function startProcess() {
    const store = {
      get current() {
        return state;
      },
      update: async (change: (current: AuthorityState) => AuthorityState) => {
        const next = change(state);
        if (next !== state && storeFailure !== undefined) throw storeFailure;
        state = next;
        return state;
      },
    };
    const keys = new AuthorityKeys(vault);
    const logger = recordingLogger();
    const keeper = new AuthorityKeeper({ store, keys, clock, logger });
    const options = { gate: timeGate, holds: () => undefined, minStageMs: 0, bootMs: () => clock.bootMs() };
    const guard = new StageGuard(options);
    const onDestroy = (one: StoredAuthority) => recordKeyDestruction(one, { log: ledger.log, clock });
    return new RetiredKeys({ keeper, keys, guard, keepMs: 7 * dayMs, onDestroy, clock, logger });
  }

  const recorded = () => state.authorities.find(({ id }) => id === "intermediate-1")?.hasKey;
  const retired = () => state.authorities.filter(({ id }) => id === "intermediate-1");

  it("keeps the key if the state cannot record that it is given up", async () => {
    const process = startProcess();
    clock.suspend(8 * dayMs);
    storeFailure = new StateError("STATE_NOT_DURABLE", "disk full");
    await rejectsWithCode(process.look(), "STATE_NOT_DURABLE");
    assert.ok(recorded() && vault.held.has("intermediate-1"));
    storeFailure = undefined;
    await process.look();
    assert.ok(!recorded() && !vault.held.has("intermediate-1"));
  });

  it("refuses a recall after the key was given up, and destroys it in the next process if this one dies in between", async () => {
    const process = startProcess();
    clock.suspend(8 * dayMs);
    vault.failure = new Error("killed");
    await assert.rejects(process.look(), /killed/);
    assert.ok(!recorded() && vault.held.has("intermediate-1"));
    const [authority] = retired();
    assert.ok(authority);
    assert.throws(() => recall(state, authority, clock.now()), { code: "OPERATION_REFUSED" });
    vault.failure = undefined;
    await startProcess().look();
    assert.deepEqual([...vault.held], ["root-1", "intermediate-2"]);
  });

  it("keeps the key of an authority that another replica recalls before the state gives it up", async () => {
    const process = startProcess();
    await process.look();
    clock.suspend(8 * dayMs);
    const [authority] = retired();
    assert.ok(authority);
    const back = recall(state, authority, clock.now());
    state = back;
    await process.look();
    assert.deepEqual([state, vault.held.has("intermediate-1")], [back, true]);
  });

  it("records the keys that an earlier release destroyed, and touches no key in use", async () => {
    vault.held.delete("intermediate-1");
    const process = startProcess();
    await process.look();
    assert.equal(recorded(), false);
    assert.deepEqual([...vault.held], ["root-1", "intermediate-2"]);
    assert.equal(state.epoch, 1);
  });

  it("destroys a key only after the ledger contains that, as an act without an operator", async () => {
    const process = startProcess();
    await process.look();
    clock.suspend(8 * dayMs);
    ledger.isDown = true;
    await rejectsWithCode(process.look(), "LEDGER_UNAVAILABLE");
    assert.ok(vault.held.has("intermediate-1"));
    ledger.isDown = false;
    vault.onRemove = () => assert.equal(ledger.entries.length, 1);
    await process.look();
    assert.ok(!vault.held.has("intermediate-1"));
    await process.look();
    const [entry, ...others] = ledger.entries;
    assert.deepEqual(others, []);
    assert.ok(entry?.kind === "operator");
    const { act, outcome, arguments: facts, operatorUnverified } = entry;
    assert.deepEqual([act, outcome, operatorUnverified], ["destroy-key", "accepted", undefined]);
    assert.deepEqual([facts?.["authority"], facts?.["retiredAt"]], ["intermediate-1", start.toISOString()]);
  });

  it("asks the vault once for each retired authority, and again only before it destroys the key", async () => {
    let asked = 0;
    const holdsKey = vault.holdsKey.bind(vault);
    vault.holdsKey = (id) => {
      asked += 1;
      return holdsKey(id);
    };
    let removals = 0;
    vault.onRemove = () => {
      removals += 1;
    };
    const process = startProcess();
    for (let looks = 0; looks < 10; looks++) await process.look();
    clock.suspend(8 * dayMs);
    for (let looks = 0; looks < 10; looks++) await process.look();
    assert.deepEqual([asked, removals], [2, 1]);
  });
});
