import type { FakeClock } from "@kasbah/testkit";
import {
  type AuthorityState,
  emptyState,
  trustBundleOf,
} from "../../../packages/ca-server/src/authorities/rotation/authority-state.ts";
import { coverLeaf } from "../../../packages/ca-server/src/authorities/rotation/leaf-horizon.ts";
import { recall, recallOf } from "../../../packages/ca-server/src/authorities/rotation/recall.ts";
import { retire, retirementsOf } from "../../../packages/ca-server/src/authorities/rotation/retirement.ts";
import {
  abort,
  advance,
  establish,
  pauseRotations,
  resumeRotations,
} from "../../../packages/ca-server/src/authorities/rotation/rotation.ts";
import type { AuthorityKind } from "../../../packages/ca-server/src/authorities/rotation/stored-authority.ts";
import {
  prepare,
  requireIdle,
  type Successor,
} from "../../../packages/ca-server/src/authorities/rotation/succession.ts";
import { OperationError } from "../../../packages/ca-server/src/errors.ts";
import type { MemoryVault } from "./model-ca.ts";

/** A state of the rotation machine with the keys that belong to it, and the steps that led to it. */
export interface ReachedState {
  readonly state: AuthorityState;
  readonly vault: MemoryVault;
  readonly path: readonly string[];
}

/** Creates successors, in the way of a CA with its own root or of one with a plugged-in CA. */
export interface Maker {
  make(kind: AuthorityKind, state: AuthorityState, vault: MemoryVault): Promise<Successor>;
}

type Step = (reached: ReachedState) => Promise<AuthorityState>;

const dayMs = 86_400_000;

/**
 * Every state that is reachable from an established CA, breadth-first, each once. Two states are the same if their
 * authorities have the same stages and roles. Successors are created 200 days after the first authorities.
 */
export async function reachableStates(
  maker: Maker,
  clock: FakeClock,
  first: MemoryVault,
  maxSteps: number,
): Promise<readonly ReachedState[]> {
  const established = establish(emptyState, await maker.make("root", emptyState, first));
  clock.suspend(200 * dayMs);
  const reached = new Map<string, ReachedState>();
  let layer: readonly ReachedState[] = [{ state: established, vault: first, path: [] }];
  for (let steps = 0; layer.length > 0; steps++) {
    const following: ReachedState[] = [];
    for (const one of layer) {
      const key = shapeOf(one.state);
      if (reached.has(key)) continue;
      reached.set(key, one);
      if (steps < maxSteps) following.push(...(await successorsOf(one, stepsFrom(maker, clock.now()))));
    }
    layer = following;
  }
  return [...reached.values()];
}

async function successorsOf(
  { state, vault, path }: ReachedState,
  steps: Readonly<Record<string, Step>>,
): Promise<readonly ReachedState[]> {
  const found: ReachedState[] = [];
  for (const [name, step] of Object.entries(steps)) {
    const own = vault.copy();
    try {
      const next = await step({ state, vault: own, path });
      if (next !== state) found.push({ state: next, vault: own, path: [...path, name] });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
    }
  }
  return found;
}

function stepsFrom(maker: Maker, now: Date): Readonly<Record<string, Step>> {
  const issued = (state: AuthorityState) =>
    coverLeaf(state, state.signerId, new Date(now.getTime() + dayMs), now);
  const begin =
    (kind: AuthorityKind): Step =>
    async ({ state, vault }) => {
      // Refused before a key is created.
      requireIdle(state, kind);
      return prepare(issued(state), await maker.make(kind, state, vault), now);
    };
  return {
    "rotate --root": begin("root"),
    rotate: begin("intermediate"),
    advance: async ({ state }) => advance(issued(state), now),
    abort: async ({ state }) => abort(issued(state), now),
    pause: async ({ state }) => pauseRotations(state),
    resume: async ({ state }) => resumeRotations(state),
    retire: async ({ state }) => {
      const [due] = retirementsOf(state);
      return due === undefined ? state : retire(state, due, now);
    },
    recall: async ({ state }) => {
      const former = state.authorities.findLast(({ stage, hasKey }) => stage === "retired" && hasKey);
      const signer = former && recallOf(state, former.id, now).signer;
      return signer === undefined ? state : recall(state, signer, now);
    },
  };
}

/** The roles and stages of the authorities, without their numbers. */
function shapeOf(state: AuthorityState): string {
  const { rotation, hold, signerId, servingSignerId } = state;
  const roles = state.authorities
    .filter(({ stage }) => stage !== "retired")
    .map(({ id, kind, stage, rootId }) => {
      const isUnderSigningRoot = rootId === state.authorities.find((one) => one.id === signerId)?.rootId;
      const marks = [id === signerId, id === servingSignerId, id === rotation?.from, id === rotation?.to];
      return `${kind} ${stage} ${isUnderSigningRoot} ${marks.join()}`;
    });
  const underWay = rotation && `${rotation.kind} ${rotation.stage} ${rotation.aborted}`;
  const bundle = trustBundleOf(state).roots.length;
  return JSON.stringify([hold, underWay, Math.min(bundle, 3), [...new Set(roles)].sort()]);
}
