import { kasbah } from "../../generated/messages.js";
import type { Codec, Method } from "../codec.ts";

const wire = kasbah.v1;

/** The CA's decision about one call. Unknown texts are "". It contains facts that only operators may see. */
export interface DecisionMessage {
  readonly referenceId: string;
  readonly traceId: string;
  readonly time: Date;
  /** `ISSUED`, or the error code of the refusal. */
  readonly code: string;
  readonly peerAddress: string;
  readonly caller: string;
  readonly credential: string;
  readonly pod: string;
  readonly node: string;
  readonly subject: string;
  readonly rule: string;
  readonly problem: string;
  readonly expected: string;
  readonly seen: string;
  readonly fix: string;
  readonly causes: readonly string[];
  readonly serial: string;
  readonly ignored: readonly string[];
  readonly disregarded: readonly string[];
}

/** The terms that the policy grants to one identity. Durations are in milliseconds. */
export interface IdentityExplanationMessage {
  readonly spiffeId: string;
  readonly rule: string;
  readonly policyFile: string;
  readonly allowed: boolean;
  readonly defaultTtl: number;
  readonly maxTtl: number;
  readonly onExcess: string;
  /** Empty if the policy allows every key type that the CA accepts. */
  readonly keyTypes: readonly string[];
  readonly dnsNames: readonly string[];
  readonly onForeignNames: string;
  readonly onSharedKey: string;
  readonly rate: string;
  readonly reason: string;
  /** The rules that apply instead to callers of certain issuers. */
  readonly issuerRules: readonly string[];
}

const decision: Codec<DecisionMessage> = {
  encode: ({ time, causes, ignored, disregarded, ...rest }) =>
    wire.Decision.encode({
      ...rest,
      time: time.getTime(),
      causes: [...causes],
      ignored: [...ignored],
      disregarded: [...disregarded],
    }).finish(),
  // A message inherits the defaults of absent fields from its prototype, so each field is read by name.
  decode: (bytes) => {
    const read = wire.Decision.decode(bytes);
    return {
      time: new Date(Number(read.time)),
      referenceId: read.referenceId,
      traceId: read.traceId,
      code: read.code,
      peerAddress: read.peerAddress,
      caller: read.caller,
      credential: read.credential,
      pod: read.pod,
      node: read.node,
      subject: read.subject,
      rule: read.rule,
      problem: read.problem,
      expected: read.expected,
      seen: read.seen,
      fix: read.fix,
      causes: read.causes,
      serial: read.serial,
      ignored: read.ignored,
      disregarded: read.disregarded,
    };
  },
};

const explanation: Codec<IdentityExplanationMessage> = {
  encode: ({ keyTypes, dnsNames, issuerRules, ...rest }) =>
    wire.IdentityExplanation.encode({
      ...rest,
      keyTypes: [...keyTypes],
      dnsNames: [...dnsNames],
      issuerRules: [...issuerRules],
    }).finish(),
  decode: (bytes) => {
    const read = wire.IdentityExplanation.decode(bytes);
    return {
      defaultTtl: Number(read.defaultTtl),
      maxTtl: Number(read.maxTtl),
      spiffeId: read.spiffeId,
      rule: read.rule,
      policyFile: read.policyFile,
      allowed: read.allowed,
      keyTypes: read.keyTypes,
      dnsNames: read.dnsNames,
      onExcess: read.onExcess,
      onForeignNames: read.onForeignNames,
      onSharedKey: read.onSharedKey,
      rate: read.rate,
      reason: read.reason,
      issuerRules: read.issuerRules,
    };
  },
};

const path = (name: string) => `/kasbah.v1.AdmissionAdmin/${name}`;

/** Fails with FAILED_PRECONDITION if the CA has no entry for the reference. */
export const explainCall: Method<{ readonly referenceId: string }, DecisionMessage> = {
  path: path("ExplainCall"),
  request: {
    encode: ({ referenceId }) => wire.ExplainCallRequest.encode({ referenceId }).finish(),
    decode: (bytes) => ({ referenceId: wire.ExplainCallRequest.decode(bytes).referenceId }),
  },
  response: decision,
};

export const explainIdentity: Method<{ readonly spiffeId: string }, IdentityExplanationMessage> = {
  path: path("ExplainIdentity"),
  request: {
    encode: ({ spiffeId }) => wire.ExplainIdentityRequest.encode({ spiffeId }).finish(),
    decode: (bytes) => ({ spiffeId: wire.ExplainIdentityRequest.decode(bytes).spiffeId }),
  },
  response: explanation,
};
