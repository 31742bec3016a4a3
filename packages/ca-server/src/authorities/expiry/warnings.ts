import { type AuthorityState, rootOf } from "../rotation/authority-state.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";

type ExpiryLevel = "info" | "warn" | "error";

/** An authority that expires soon and has no successor. */
export interface ExpiryWarning {
  readonly id: string;
  readonly level: ExpiryLevel;
  readonly notAfter: Date;
  readonly text: string;
}

const dayMs = 86_400_000;

/**
 * Thirty days, a week and a day before the expiry. For a shorter lifetime, a fourth, an eighth and a
 * sixteenth of it. All are later than the start of a rotation on schedule.
 */
const thresholds: readonly {
  readonly level: ExpiryLevel;
  readonly leftMs: number;
  readonly share: number;
}[] = [
  { level: "error", leftMs: dayMs, share: 1 / 16 },
  { level: "warn", leftMs: 7 * dayMs, share: 1 / 8 },
  { level: "info", leftMs: 30 * dayMs, share: 1 / 4 },
];

/**
 * Returns the signing and upcoming authorities that expire soon. A retiring authority is expected to expire.
 */
export function expiryWarnings(state: AuthorityState, now: Date): readonly ExpiryWarning[] {
  return signingOrNext(state).flatMap((authority) => {
    const level = levelOf(authority, now);
    const { id, certificate } = authority;
    const { notAfter } = certificate;
    const expires = now < notAfter ? "expires" : "expired";
    return level === undefined
      ? []
      : [{ id, level, notAfter, text: `${id} ${expires} at ${notAfter.toISOString()}` }];
  });
}

function signingOrNext(state: AuthorityState): readonly StoredAuthority[] {
  if (state.signerId === "") return [];
  const root = rootOf(state, state.signerId);
  const isNext = ({ stage }: StoredAuthority) => stage === "prepared" || stage === "distributed";
  return state.authorities.filter((one) => one.id === state.signerId || one === root || isNext(one));
}

function levelOf({ certificate, createdAt }: StoredAuthority, now: Date): ExpiryLevel | undefined {
  const endMs = certificate.notAfter.getTime();
  const lifeMs = endMs - createdAt.getTime();
  const leftMs = endMs - now.getTime();
  return thresholds.find((each) => leftMs <= Math.min(each.leftMs, lifeMs * each.share))?.level;
}
