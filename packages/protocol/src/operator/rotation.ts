import { kasbah } from "../../generated/messages.js";
import {
  encodeLeaf,
  type Kind,
  kinds,
  type LeafMessage,
  optionalLeaf,
  type Stage,
  stages,
} from "./authority.ts";
import { dateOf, msOf, oneOf, optionalDate } from "./fields.ts";

const wire = kasbah.v1;

/** The operator's view of the rotation in progress. */
export interface RotationMessage {
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  readonly stage: Stage;
  readonly since: Date;
  readonly mayAdvance: boolean;
  /** Why the next stage may or may not begin. */
  readonly reason: string;
  /** The earliest time at which the next stage may begin. */
  readonly earliest?: Date;
  /** True while the rotation returns to the previous authority. */
  readonly aborted: boolean;
  /** The certificate that the next stage waits for, if it is known. */
  readonly leaf?: LeafMessage;
}

export function encodeRotation({ since, earliest, leaf, ...rest }: RotationMessage) {
  return { ...rest, since: since.getTime(), earliest: msOf(earliest), leaf: encodeLeaf(leaf) };
}

export function decodeRotation(message: InstanceType<typeof wire.Rotation>): RotationMessage {
  const { from, to, mayAdvance, reason, aborted } = message;
  return {
    kind: oneOf(kinds, message.kind),
    from,
    to,
    stage: oneOf(stages, message.stage),
    since: dateOf(message.since),
    mayAdvance,
    reason,
    aborted,
    ...optionalDate("earliest", message.earliest),
    ...optionalLeaf("leaf", message.leaf),
  };
}
