import type { ConsoleIdentity } from "../api.ts";
import type { IdentityQuery } from "./identity-rows.ts";

const dayMs = 24 * 3_600_000;

interface IdentityFixture {
  readonly leftMs: number;
  readonly now: number;
  readonly pod?: string;
}

/** An identity whose certificate is valid for a day and has `leftMs` left. */
export function identityFixture(spiffeId: string, { leftMs, now, pod }: IdentityFixture): ConsoleIdentity {
  const notAfter = now + leftMs;
  const notBefore = new Date(notAfter - dayMs).toISOString();
  return {
    spiffeId,
    serial: "0a1b",
    notBefore,
    issuedAt: notBefore,
    notAfter: new Date(notAfter).toISOString(),
    ...(pod === undefined ? {} : { pod }),
  };
}

export function queryFixture(fields: Partial<IdentityQuery> = {}): IdentityQuery {
  return { text: "", order: "expiry", descending: false, only: "all", ...fields };
}
