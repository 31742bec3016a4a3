import type { AuthorityMessage, AuthorityStatusMessage } from "@kasbah/protocol";
import { timeAndDistance } from "./relative-time.ts";

export type CheckLevel = "OK" | "WARNING" | "CRITICAL";

export interface CheckedAuthority {
  readonly id: string;
  readonly level: CheckLevel;
  readonly notAfter: Date;
}

export interface CheckReport {
  readonly level: CheckLevel;
  readonly authorities: readonly CheckedAuthority[];
}

export const checkExitCodes = { OK: 0, WARNING: 3, CRITICAL: 4 } as const;

const levels: readonly CheckLevel[] = ["OK", "WARNING", "CRITICAL"];

/**
 * How close the authorities in use are to their end. One that retires is meant to end, its successor signs already; one
 * that stands by after its successor began to sign is no danger either.
 */
export function checkAuthorities(
  { authorities }: AuthorityStatusMessage,
  limits: { readonly warnMs: number; readonly criticalMs: number },
  now: Date,
): CheckReport {
  const checked = authorities.filter(isInUse).map(({ id, notAfter }) => {
    const leftMs = notAfter.getTime() - now.getTime();
    const level = leftMs <= limits.criticalMs ? "CRITICAL" : leftMs <= limits.warnMs ? "WARNING" : "OK";
    return { id, level, notAfter } as const;
  });
  const worst = Math.max(0, ...checked.map(({ level }) => levels.indexOf(level)));
  return { level: levels[worst] ?? "OK", authorities: checked };
}

function isInUse({ signs, stage }: AuthorityMessage): boolean {
  return signs || stage === "prepared" || stage === "distributed";
}

export function renderCheck({ level, authorities }: CheckReport, now: Date): string {
  const lines = authorities.map(
    ({ id, level: own, notAfter }) => `${own.padEnd(9)} ${id} ends ${timeAndDistance(notAfter, now)}`,
  );
  return `${[...lines, level].join("\n")}\n`;
}
