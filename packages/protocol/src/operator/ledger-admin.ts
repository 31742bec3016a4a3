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

function reasonOf(text: string): string {
  if (text.trim() === "" || text.length > maxReasonLength)
    throw new RangeError(`expected a reason of 1 to ${maxReasonLength} characters`);
  return text;
}
