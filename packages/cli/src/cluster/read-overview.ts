import type {
  ActivityMessage,
  ClockStateMessage,
  CountedActivityMessage,
  IdentityTotalsMessage,
  LateIdentityMessage,
  LedgerStateMessage,
  OverviewMessage,
  PortStateMessage,
} from "@kasbah/protocol";
import { z } from "zod";

/** Has every field of a message, so that a new field of the protocol does not compile until it is read here. */
type Shape<Message> = { readonly [Field in keyof Required<Message>]: z.ZodType };

const time = z.iso.datetime().transform((text) => new Date(text));
const texts = z.array(z.string()).max(1_000);
const count = z.int().min(0);
const counts = z.array(count).min(1).max(10_000);
const codes = z
  .array(z.object({ code: z.string().max(100), counts } satisfies Shape<CountedActivityMessage>))
  .max(1_000);

const activity = z
  .object({
    bucketMs: z.int().min(1),
    endsAt: time,
    issued: counts,
    refused: codes,
    handshakes: codes,
  } satisfies Shape<ActivityMessage>)
  .refine(({ issued, refused, handshakes }) =>
    [...refused, ...handshakes].every((one) => one.counts.length === issued.length),
  );

const ledger = z.object({
  writable: z.boolean(),
  failure: z.string(),
  entries: count,
  signed: count,
  bytes: count,
  limitBytes: count,
  diskFree: count,
  diskSize: count,
  loss: z.string(),
} satisfies Shape<LedgerStateMessage>);

const port = z.object({
  connections: count,
  maxConnections: count,
  inFlight: count,
  waiting: count,
  workers: count,
} satisfies Shape<PortStateMessage>);

const late = z.object({
  spiffeId: z.string(),
  serial: z.string(),
  notBefore: time,
  notAfter: time,
} satisfies Shape<LateIdentityMessage>);

const identities = z.object({
  live: count,
  late: count,
  soonest: z.array(late).max(10_000),
  partial: z.boolean(),
  fresh: z.base64().max(10_000_000).optional(),
} satisfies Shape<IdentityTotalsMessage>);

const clock = z.object({
  state: z.enum(["trusted", "suspect", "unknown"]),
  reason: z.string(),
  wallTime: time,
} satisfies Shape<ClockStateMessage>);

/** Parses what `kasbah overview` prints. Fields added by later releases are ignored. */
export const overviewAnswer: z.ZodType<OverviewMessage> = z.object({
  version: z.string(),
  replica: z.string(),
  trustDomain: z.string(),
  now: time,
  startedAt: time,
  ready: z.boolean(),
  reasons: texts,
  warnings: texts,
  role: z.enum(["single", "leader", "follower"]),
  activity,
  ledger,
  port,
  identities,
  clock,
} satisfies Shape<OverviewMessage>);
