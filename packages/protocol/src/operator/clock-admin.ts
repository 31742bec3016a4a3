import { kasbah } from "../../generated/messages.js";
import type { Codec, Method } from "../codec.ts";
import { type NoFields, noFields } from "./fields.ts";

const wire = kasbah.v1;

const clockStates = ["trusted", "suspect", "unknown"] as const;

/** The operator's view of the clock of one CA process. */
export interface ClockStatusMessage {
  readonly state: (typeof clockStates)[number];
  /** Why nothing irreversible happens now; "" if nothing holds. */
  readonly reason: string;
  readonly trustedTime: Date;
  readonly wallTime: Date;
  /** Time since the machine booted. */
  readonly bootMs: number;
  /** The authorities that this command replaced, because they begin in the future. */
  readonly replaced: readonly string[];
}

const clockStatus: Codec<ClockStatusMessage> = {
  encode: ({ trustedTime, wallTime, bootMs, replaced, ...rest }) =>
    wire.ClockStatus.encode({
      ...rest,
      trustedTime: trustedTime.getTime(),
      wallTime: wallTime.getTime(),
      bootMs: Math.round(bootMs),
      replaced: [...replaced],
    }).finish(),
  decode: (bytes) => {
    const read = wire.ClockStatus.decode(bytes);
    const state = clockStates.find((one) => one === read.state);
    if (state === undefined) throw new TypeError(`expected one of ${clockStates.join(", ")}`);
    return {
      state,
      reason: read.reason,
      trustedTime: new Date(Number(read.trustedTime)),
      wallTime: new Date(Number(read.wallTime)),
      bootMs: Number(read.bootMs),
      replaced: read.replaced,
    };
  },
};

const path = (name: string) => `/kasbah.v1.ClockAdmin/${name}`;

export const getClockStatus: Method<NoFields, ClockStatusMessage> = {
  path: path("GetStatus"),
  request: noFields,
  response: clockStatus,
};

export const acceptClock: Method<NoFields, ClockStatusMessage> = {
  path: path("Accept"),
  request: noFields,
  response: clockStatus,
};
