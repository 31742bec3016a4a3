import type { ConsoleAuthority, ConsoleRotation, ConsoleStage } from "../api.ts";

export const stageNames: readonly ConsoleStage[] = [
  "prepared",
  "distributed",
  "active",
  "retiring",
  "retired",
];

/** What each stage means, for a first-time reader. */
export const stageMeanings: Readonly<Record<ConsoleStage, string>> = {
  prepared: "its key exists, but no trust bundle contains it yet",
  distributed: "workloads receive it in their trust bundle; the previous authority still signs",
  active: "it signs certificates",
  retiring: "another authority signs; it stays trusted until its last certificate expires",
  retired: "no valid certificate needs it; it is no longer trusted",
};

export interface StageStep {
  readonly stage: ConsoleStage;
  readonly state: "done" | "current" | "next" | "later";
}

/** The five stages as steps of a path: those behind the authority, its own, and those ahead. */
export function stageSteps(current: ConsoleStage): readonly StageStep[] {
  const position = stageNames.indexOf(current);
  return stageNames.map((stage, index) => ({
    stage,
    state:
      index < position ? "done" : index === position ? "current" : index === position + 1 ? "next" : "later",
  }));
}

/** Why an authority is still in its stage. */
export interface Gate {
  readonly next: ConsoleStage;
  readonly open: boolean;
  readonly reason: string;
  /** The earliest time at which the next stage may begin. */
  readonly earliest?: string | undefined;
  /** The certificate that it waits for. */
  readonly leaf?:
    | { readonly spiffeId: string; readonly serial: string; readonly notAfter: string }
    | undefined;
}

/** The gate in front of the next stage of an authority; undefined if nothing leads it there. */
export function gateOf(authority: ConsoleAuthority, { rotation }: ConsoleRotation): Gate | undefined {
  const next = stageNames[stageNames.indexOf(authority.stage) + 1];
  if (next === undefined) return undefined;
  if (rotation?.to === authority.id) {
    const { mayAdvance, reason, earliest, leaf } = rotation;
    const following = stageNames[stageNames.indexOf(rotation.stage) + 1] ?? next;
    return { next: following, open: mayAdvance, reason, earliest, leaf };
  }
  if (authority.retiresAt !== undefined) {
    const { retiresAt, waitsFor = "its last certificate to expire", lastLeaf } = authority;
    return { next: "retired", open: false, reason: waitsFor, earliest: retiresAt, leaf: lastLeaf };
  }
  if (rotation?.from === authority.id)
    return { next, open: false, reason: `${rotation.to} is replacing it`, earliest: undefined };
  if (authority.rotatesAt !== undefined)
    return { next, open: false, reason: "the CA replaces it automatically", earliest: authority.rotatesAt };
  return undefined;
}

/** Authorities in the order of their path, those that sign first, and the retired ones apart. */
export function groupAuthorities(authorities: readonly ConsoleAuthority[]): {
  readonly current: readonly ConsoleAuthority[];
  readonly retired: readonly ConsoleAuthority[];
} {
  const order = (one: ConsoleAuthority) =>
    (one.kind === "root" ? 0 : 10) + (one.signs ? 0 : 1 + stageNames.indexOf(one.stage));
  const sorted = authorities.toSorted((one, other) => order(one) - order(other));
  return {
    current: sorted.filter(({ stage }) => stage !== "retired"),
    retired: sorted.filter(({ stage }) => stage === "retired"),
  };
}
