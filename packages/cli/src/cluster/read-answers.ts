import type { DistrustPreviewMessage, HolderMessage } from "@kasbah/protocol";
import { z } from "zod";
import type {
  AuthorityMessage,
  AuthorityStatusMessage,
  DecisionMessage,
  IdentityExplanationMessage,
  LeafMessage,
  MovedStateMessage,
  NewRequestMessage,
  OutstandingRequestMessage,
  RootClientMessage,
  RotationMessage,
} from "../authority/admin-client.ts";

// Parses what kasbah prints with --json. Fields added by later releases are ignored.

/** Has every field of a message, so that a new field of the protocol does not compile until it is read here. */
type Shape<Message> = { readonly [Field in keyof Required<Message>]: z.ZodType };

const time = z.iso.datetime().transform((text) => new Date(text));
const kind = z.enum(["root", "intermediate"]);
const stage = z.enum(["prepared", "distributed", "active", "retiring", "retired"]);
const texts = z.array(z.string()).max(1000);
const count = z.int().min(0);

const leaf = z.object({
  spiffeId: z.string(),
  serial: z.string(),
  notAfter: time,
} satisfies Shape<LeafMessage>);

const authority = z.object({
  id: z.string(),
  kind,
  origin: z.enum(["self-signed", "plugged-in"]),
  stage,
  signs: z.boolean(),
  trusted: z.boolean(),
  fingerprint: z.string(),
  serial: z.string(),
  keyType: z.string(),
  notBefore: time,
  notAfter: time,
  stageSince: time,
  rotatesAt: time.exactOptional(),
  retiresAt: time.exactOptional(),
  waitsFor: z.string().exactOptional(),
  keyKeptUntil: time.exactOptional(),
  leavesUntil: time.exactOptional(),
  lastLeaf: leaf.exactOptional(),
  distrustedAt: time.exactOptional(),
  acceptedUntil: time.exactOptional(),
} satisfies Shape<AuthorityMessage>);

const rotation = z.object({
  kind,
  from: z.string(),
  to: z.string(),
  stage,
  since: time,
  mayAdvance: z.boolean(),
  reason: z.string(),
  earliest: time.exactOptional(),
  aborted: z.boolean(),
  leaf: leaf.exactOptional(),
} satisfies Shape<RotationMessage>);

const rootClient = z.object({
  spiffeId: z.string(),
  address: z.string(),
  program: z.string(),
  kind: z.enum(["old-root", "unknown"]),
  until: time,
} satisfies Shape<RootClientMessage>);

const outstandingRequest = z.object({
  id: z.string(),
  expiresAt: time,
} satisfies Shape<OutstandingRequestMessage>);

/** Output of `kasbah authority csr --json`. */
export const newRequest: z.ZodType<NewRequestMessage> = z.object({
  id: z.string(),
  csrPem: z.string(),
  expiresAt: time,
} satisfies Shape<NewRequestMessage>);

/** Output of `kasbah authority … --json`. */
export const authorityStatus: z.ZodType<AuthorityStatusMessage> = z.object({
  trustDomain: z.string(),
  epoch: count,
  automatic: z.boolean(),
  paused: z.boolean(),
  authorities: z.array(authority).max(1000),
  rotation: rotation.exactOptional(),
  warnings: texts,
  restoredAt: time.exactOptional(),
  rootClients: z.array(rootClient).max(20_000).exactOptional(),
  requests: z.array(outstandingRequest).max(1000).exactOptional(),
} satisfies Shape<AuthorityStatusMessage>);

/** Output of `kasbah authority move --json`. */
export const movedState: z.ZodType<MovedStateMessage> = z.object({
  from: z.string(),
  to: z.string(),
  rootFingerprint: z.string(),
} satisfies Shape<MovedStateMessage>);

/** Output of `kasbah authority distrust … --json` without `--yes`. */
export const distrustPreview: z.ZodType<DistrustPreviewMessage> = z.object({
  id: z.string(),
  kind,
  removed: texts,
  signer: z.string(),
  creates: z.enum(["", "root", "intermediate"]),
  acceptedUntil: time.exactOptional(),
  leavesUntil: time.exactOptional(),
  leaves: count,
  identities: count,
  pods: count,
  holders: z
    .array(
      z.object({
        spiffeId: z.string(),
        leaves: count,
        pods: count,
        serial: z.string(),
        notAfter: time,
      } satisfies Shape<HolderMessage>),
    )
    .max(1000),
  holdersUnknown: z.string(),
  changesRoot: z.boolean(),
} satisfies Shape<DistrustPreviewMessage>);

/** Output of `kasbah why <reference> --json`. */
export const decision: z.ZodType<DecisionMessage> = z.object({
  referenceId: z.string(),
  // Earlier releases have no traces.
  traceId: z.string().default(""),
  time,
  code: z.string(),
  peerAddress: z.string(),
  caller: z.string(),
  credential: z.string(),
  pod: z.string(),
  node: z.string(),
  subject: z.string(),
  rule: z.string(),
  problem: z.string(),
  expected: z.string(),
  seen: z.string(),
  fix: z.string(),
  causes: texts,
  serial: z.string(),
  ignored: texts,
  disregarded: texts,
} satisfies Shape<DecisionMessage>);

/** Output of `kasbah why <spiffe-id> --json`. */
export const explanation: z.ZodType<IdentityExplanationMessage> = z.object({
  spiffeId: z.string(),
  rule: z.string(),
  policyFile: z.string(),
  allowed: z.boolean(),
  defaultTtl: count,
  maxTtl: count,
  onExcess: z.string(),
  keyTypes: texts,
  dnsNames: texts,
  onForeignNames: z.string(),
  onSharedKey: z.string(),
  rate: z.string(),
  reason: z.string(),
  issuerRules: texts.default([]),
} satisfies Shape<IdentityExplanationMessage>);
