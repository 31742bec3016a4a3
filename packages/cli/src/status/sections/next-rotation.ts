import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { NextRotation } from "../report.ts";

/** The rotation in progress, or else the one that starts next; undefined if none is planned. */
export function nextRotationOf({ rotation, authorities }: AuthorityStatusMessage): NextRotation | undefined {
  if (rotation !== undefined) {
    const { kind, from, to, stage, earliest, reason } = rotation;
    const at = earliest === undefined ? {} : { at: earliest };
    return { kind, authority: from, successor: to, stage, ...at, reason };
  }
  const planned = authorities.flatMap(({ id, kind, rotatesAt }) =>
    rotatesAt === undefined ? [] : [{ kind, authority: id, at: rotatesAt }],
  );
  return planned.toSorted((one, other) => one.at.getTime() - other.at.getTime())[0];
}
