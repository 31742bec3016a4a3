import { X509Certificate } from "node:crypto";
import type { Certificate } from "@kasbah/pki";
import { type Clock, printableText, type Readiness } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { RotationFailure } from "../rotation/rotator.ts";
import type { ResourceProvider } from "../sds/resource-catalog.ts";
import type { StreamView } from "../sds/stream/stream-record.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { boundedClient, maxClients, maxName, maxResources } from "./bounded-client.ts";
import { gatewayFacts, refusedFacts, unservedFacts } from "./names/name-facts.ts";
import type { ServedNames } from "./names/served-names.ts";

/** The sources of the status, read again for each answer. */
export interface StatusDeps {
  readonly version: string;
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly readiness: () => Readiness;
  readonly failure: () => RotationFailure | undefined;
  readonly caAddresses: readonly string[];
  /** How far the CA's clock is ahead of the local clock; undefined until measured. */
  readonly clockOffsetMs?: () => number | undefined;
  readonly catalog: Pick<ResourceProvider, "current">;
  readonly sds: { readonly open: number; readonly nacks: number };
  /** Applications that the agent makes load the output files. */
  readonly consumers: () => readonly {
    readonly kind: string;
    readonly failures: number;
    readonly deadline: Date | undefined;
  }[];
  /** The open SDS streams, up to the given maximum. */
  readonly streams: (most: number) => readonly StreamView[];
  readonly names: Pick<ServedNames, "refusals" | "unserved" | "gateway">;
}

/**
 * The document behind `/debug/secrets` and `kasbah-agent status`: everything that is served, except keys.
 * Fields without a value are absent.
 */
export function statusDocument(sources: StatusDeps) {
  const { version, store, clock, failure, caAddresses, clockOffsetMs, sds } = sources;
  const clients = sources.streams(maxClients);
  const { ready, reasons, warnings = [] } = sources.readiness();
  const secret = store.current;
  const refusals = sources.names.refusals();
  return {
    version,
    state: store.state(),
    ready,
    reasons,
    warnings,
    now: clock.now().toISOString(),
    certificate: secret === undefined ? undefined : certificateFacts(secret, store.now()),
    resources: resourceFacts(sources, clients),
    trustBundle: secret?.bundle.roots.map(rootFacts) ?? [],
    lastFailure: failureFacts(failure()),
    gateway: gatewayFacts(sources.names.gateway(refusals), clock.now()),
    consumers: sources.consumers().map(({ kind, failures, deadline }) => ({
      kind,
      failures,
      /** When the certificate that the application loaded last expires. */
      deadline: deadline?.toISOString(),
    })),
    ca: { addresses: caAddresses, clockOffsetMs: clockOffsetMs?.() },
    sds: {
      streams: sds.open,
      nacks: sds.nacks,
      refused: refusedFacts(refusals),
      unserved: unservedFacts(sources.names.unserved()),
      clients: clients.map(boundedClient),
      clientsLeftOut: Math.max(0, sds.open - clients.length),
    },
  };
}

function certificateFacts(secret: WorkloadSecret, now: Date) {
  const { spiffeId, leaf, intermediates, notAfter, rotateAt, receivedAt } = secret;
  return {
    spiffeId: spiffeId.toString(),
    serial: leaf.serial,
    fingerprint: leaf.fingerprint,
    keyType: leaf.publicKey.type,
    notBefore: leaf.notBefore.toISOString(),
    /** The earliest notAfter in the chain. */
    notAfter: notAfter.toISOString(),
    secondsLeft: Math.floor((notAfter.getTime() - now.getTime()) / 1000),
    rotateAt: rotateAt.toISOString(),
    receivedAt: receivedAt.toISOString(),
    intermediates: intermediates.map(rootFacts),
  };
}

/**
 * The resources that a client would get now: the workload's own names, and all other names that clients are
 * subscribed to.
 */
function resourceFacts({ catalog }: StatusDeps, clients: readonly StreamView[]) {
  const asked = clients.flatMap(({ resources }) => resources.map(({ name }) => name));
  return [...new Set(["ROOTCA", "default", ...asked])]
    .slice(0, maxResources)
    .flatMap((name) => catalog.current(name) ?? [])
    .map(({ name, version }) => ({ name: name.slice(0, maxName), version }));
}

function rootFacts({ der, fingerprint, notAfter }: Certificate) {
  const subject = new X509Certificate(der).subject.split("\n").join(", ");
  return { subject: printableText(subject, 200), fingerprint, notAfter: notAfter.toISOString() };
}

function failureFacts(failure: RotationFailure | undefined) {
  if (failure === undefined) return undefined;
  const { error, code, failures, retryInMs } = failure;
  const refusal = error instanceof AgentError ? error.refusal : undefined;
  return {
    code,
    message: error instanceof AgentError ? printableText(error.message, 1_000) : undefined,
    caCode: refusal?.code,
    reference: refusal?.referenceId,
    fix: refusal?.fix,
    /** The rule that the CA's reply broke. */
    replyFault: error instanceof AgentError ? error.replyFault : undefined,
    failures,
    retryInMs: Math.round(retryInMs),
  };
}
