import { kasbah } from "../../generated/messages.js";
import type { Method } from "../codec.ts";

const wire = kasbah.v1;

/** Where a CA can keep its keys and state. */
export type StateHome = "secret" | "directory";

/** A completed move of a CA's keys and state. */
export interface MovedStateMessage {
  readonly from: string;
  readonly to: string;
  readonly rootFingerprint: string;
}

export const moveCaState: Method<{ readonly to: StateHome }, MovedStateMessage> = {
  path: "/kasbah.v1.StateAdmin/Move",
  request: {
    encode: ({ to }) => wire.MoveStateRequest.encode({ to }).finish(),
    decode: (bytes) => ({ to: homeOf(wire.MoveStateRequest.decode(bytes).to) }),
  },
  response: {
    encode: (message) => wire.MovedState.encode(message).finish(),
    decode: (bytes) => {
      const { from, to, rootFingerprint } = wire.MovedState.decode(bytes);
      return { from, to, rootFingerprint };
    },
  },
};

function homeOf(text: string): StateHome {
  if (text === "secret" || text === "directory") return text;
  throw new RangeError("expected secret or directory");
}
