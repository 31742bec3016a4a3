import { kasbah } from "../../generated/messages.js";
import type { Method } from "../codec.ts";

const wire = kasbah.v1;

/** A loss of the ledger that an operator has accepted. */
export interface LedgerLossMessage {
  readonly found: string;
  /** Where the CA keeps what was left, relative to the directory of all ledgers; "" if nothing was left. */
  readonly evidence: string;
  /** When the CA noticed it, in RFC 3339. */
  readonly lostAt: string;
}

/** A head of a ledger that a CA knows from outside that ledger. */
export interface KnownHeadMessage {
  /** Where it is known, such as "the control state". */
  readonly where: string;
  /** The replica whose ledger it is. */
  readonly replica: string;
  /** The log's name in its checkpoints. */
  readonly origin: string;
  readonly size: number;
  /** The root in base64. */
  readonly root: string;
  /** In RFC 3339; "" if unknown. */
  readonly time: string;
  /** A loss that no operator has accepted. */
  readonly loss?: { readonly time: string; readonly found: string } | undefined;
}

/** What a CA knows about its own ledger and those of the other replicas. */
export interface KnownHeadsMessage {
  /** The replica that answers. */
  readonly replica: string;
  readonly heads: readonly KnownHeadMessage[];
}

const maxReasonLength = 1_000;

export const acceptLedgerLoss: Method<{ readonly reason: string }, LedgerLossMessage> = {
  path: "/kasbah.v1.LedgerAdmin/AcceptLoss",
  request: {
    encode: ({ reason }) => wire.AcceptLedgerLossRequest.encode({ reason }).finish(),
    decode: (bytes) => ({ reason: reasonOf(wire.AcceptLedgerLossRequest.decode(bytes).reason) }),
  },
  response: {
    encode: (message) => wire.LedgerLoss.encode(message).finish(),
    decode: (bytes) => {
      const { found, evidence, lostAt } = wire.LedgerLoss.decode(bytes);
      return { found, evidence, lostAt };
    },
  },
};

export const getLedgerHeads: Method<Record<never, never>, KnownHeadsMessage> = {
  path: "/kasbah.v1.LedgerAdmin/GetHeads",
  request: {
    encode: () => wire.GetLedgerHeadsRequest.encode({}).finish(),
    decode: (bytes) => {
      wire.GetLedgerHeadsRequest.decode(bytes);
      return {};
    },
  },
  response: {
    encode: ({ replica, heads }) =>
      wire.LedgerHeads.encode({ replica, heads: heads.map(encodeHead) }).finish(),
    decode: (bytes) => {
      const { replica, heads } = wire.LedgerHeads.decode(bytes);
      return { replica, heads: heads.map(decodeHead) };
    },
  },
};

function encodeHead({ loss, ...head }: KnownHeadMessage): kasbah.v1.IKnownLedgerHead {
  return { ...head, lossFound: loss?.found ?? "", lostAt: loss?.time ?? "" };
}

function decodeHead(head: kasbah.v1.IKnownLedgerHead): KnownHeadMessage {
  const { where, replica, origin, size, root, time, lossFound, lostAt } = head;
  const texts = { where: where ?? "", replica: replica ?? "", origin: origin ?? "", root: root ?? "" };
  const loss = lossFound ? { loss: { time: lostAt ?? "", found: lossFound } } : {};
  return { ...texts, size: Number(size ?? 0), time: time ?? "", ...loss };
}

function reasonOf(text: string): string {
  if (text.trim() === "" || text.length > maxReasonLength)
    throw new RangeError(`expected a reason of 1 to ${maxReasonLength} characters`);
  return text;
}
