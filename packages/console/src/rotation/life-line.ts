import type { ConsoleAuthority } from "../api.ts";

interface LifeMark {
  readonly label: string;
  readonly at: number;
  /** From 0 at the beginning of the validity to 1 at its end. */
  readonly share: number;
}

/** The validity of an authority as a line with marks on it. */
export interface LifeLine {
  readonly notBefore: number;
  readonly notAfter: number;
  /** How much of the validity has passed. */
  readonly passed: number;
  /** In the order of time, within the validity. */
  readonly marks: readonly LifeMark[];
}

export function lifeLineOf(authority: ConsoleAuthority, now: number): LifeLine {
  const [notBefore, notAfter] = [Date.parse(authority.notBefore), Date.parse(authority.notAfter)];
  const shareOf = (at: number) => {
    const share = (at - notBefore) / (notAfter - notBefore);
    return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
  };
  const marks = [
    { label: "rotates", time: authority.rotatesAt },
    { label: "last certificate expires", time: authority.leavesUntil },
    { label: "retires", time: authority.retiresAt },
  ].flatMap(({ label, time }) => {
    const at = time === undefined ? Number.NaN : Date.parse(time);
    return at >= notBefore && at <= notAfter ? [{ label, at, share: shareOf(at) }] : [];
  });
  return { notBefore, notAfter, passed: shareOf(now), marks: mergeMarks(marks) };
}

/** In the order of time; marks of the same time become one. */
function mergeMarks(marks: readonly LifeMark[]): readonly LifeMark[] {
  return [...Map.groupBy(marks, ({ at }) => at).values()]
    .flatMap(([first, ...others]) =>
      first === undefined
        ? []
        : [{ ...first, label: [first, ...others].map(({ label }) => label).join(", ") }],
    )
    .sort((one, other) => one.at - other.at);
}
