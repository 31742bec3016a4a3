import type { CheckpointTarget } from "@kasbah/ledger";
import type { TrustBundle, TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger, Secret } from "@kasbah/runtime";
import type { DeletedPods, PodSource, TokenApi } from "../authn/ports.ts";
import type { PluggedInSet } from "../authorities/plugged-in/load-set.ts";
import { type CallerConfig, watchesPods } from "../config/callers.ts";
import type { KubernetesConfig } from "../config/kubernetes.ts";
import type { LedgerConfig } from "../config/ledger.ts";
import { AddressRules } from "../outbound/address-rules.ts";
import type { TimeInDoubt } from "../outbound/trusted-time-agent.ts";
import type { SharedState } from "../ownership/shared-state.ts";
import { KubernetesClient } from "./api/api-client.ts";
import { type OwnAccount, readOwnAccount } from "./api/own-account.ts";
import { readServerTime } from "./api/server-time.ts";
import { Leader, leaseName } from "./leader/leader.ts";
import { readIssuerKeys } from "./pods/issuer-keys.ts";
import { PodInformer } from "./pods/pod-informer.ts";
import { KubernetesPods } from "./pods/pods.ts";
import { reviewToken } from "./pods/token-review.ts";
import { configMapTarget } from "./publish/checkpoint-map.ts";
import { ClusterTrustBundlePublisher } from "./publish/cluster-trust-bundle.ts";
import { type RootConflict, RootPublisher, rootPublisherConflict } from "./publish/publisher.ts";
import { installationMark } from "./publish/root-config-map.ts";
import { RbacProbe } from "./rbac/rbac-probe.ts";
import { type NeededRule, neededPermissions } from "./rbac/rbac-rules.ts";
import { createSharedState } from "./state-secret/shared-state.ts";
import { findTakeOver } from "./state-secret/take-over.ts";

export interface KubernetesDeps {
  readonly config: KubernetesConfig &
    CallerConfig &
    Pick<LedgerConfig, "checkpointTo"> & { readonly trustDomain: TrustDomain };
  readonly hostname: string;
  readonly passphrase: Secret | undefined;
  /** Returns a short random text for the name under which this process leads. */
  readonly newId: () => string;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly timeInDoubt: TimeInDoubt;
  /** Whether this replica may lead. */
  readonly mayLead: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The cluster in which the CA runs. */
export interface Kubernetes extends TokenApi {
  /** The CA's own service account. */
  readonly readOwnAccount: () => Promise<OwnAccount>;
  /** Watches the pods, for node proxies and for the renewal of certificates; undefined if neither is configured. */
  readonly pods: (PodSource & DeletedPods) | undefined;
  readonly components: readonly Component[];
  /** The Secret in which replicas share the CA; undefined if none is configured. */
  readonly shared: SharedState | undefined;
  /** The ConfigMap with a copy of the checkpoint under this key; undefined if none is configured. */
  checkpointTarget(key: string): CheckpointTarget | undefined;
  /** Returns istiod's CA, if the operator wants to continue with it. @throws StateError */
  takeOver(): Promise<PluggedInSet | undefined>;
  /** Whether this replica performs the tasks that only one replica may perform. */
  leads(): boolean;
  /** Whether another replica leads and has been seen to renew its lease. */
  isAnotherAlive(): boolean;
  /** Registers a listener that is called when this replica becomes leader. */
  onLeading(listener: () => void): void;
  publish(bundle: TrustBundle): void;
  /** The reasons why no caller could be authenticated, one sentence each. */
  troubles(): readonly string[];
  /** Conditions that need an operator's attention. */
  warnings(): readonly string[];
  /** The number of namespaces in which another program writes the root. */
  readonly conflicts: number;
}

/** Reads the API server's clock; undefined outside Kubernetes. */
export function apiTimeOf(
  config: Pick<CallerConfig, "kubernetesApi" | "kubernetesCaFile" | "allowAddress">,
): (() => Promise<number>) | undefined {
  const { kubernetesApi: server, kubernetesCaFile: caFile } = config;
  if (server === undefined) return undefined;
  return () => readServerTime({ server, caFile, addressRules: new AddressRules(config.allowAddress) });
}

type Publisher = RootPublisher | ClusterTrustBundlePublisher;

/** Creates everything that the configuration enables; undefined outside Kubernetes. */
export function createKubernetes(deps: KubernetesDeps): Kubernetes | undefined {
  const server = deps.config.kubernetesApi;
  if (server === undefined) return undefined;
  const client = clientOf(server, deps);
  const reader = clientOf(server, deps, listTimeoutMs);
  // With connections of its own, so that no lease waits for a token.
  const tokens = clientOf(server, deps);
  const publishers = createPublishers(reader, deps);
  const probe = createProbe(client, deps);
  const pods = watchesPods(deps.config) ? createInformer(reader, deps) : undefined;
  const leadership = createLeadership(client, publishers, deps);
  const components: Component[] = [
    ...[probe, ...publishers, ...(pods === undefined ? [] : [pods])],
    ...leadership.components,
  ];
  return {
    reviewToken: (token, audiences) => reviewToken(tokens, token, audiences),
    readKeys: () => readIssuerKeys(client),
    readOwnAccount: () => readOwnAccount(deps.config.kubernetesTokenFile),
    pods,
    components,
    shared: sharedStateOf(client, deps),
    checkpointTarget: (key) => checkpointTarget(client, key, deps),
    takeOver: () => takeOver(client, deps),
    leads: leadership.leads,
    onLeading: leadership.onLeading,
    isAnotherAlive: leadership.isAnotherAlive,
    publish(bundle) {
      for (const publisher of publishers) publisher.publish(bundle.toPem());
    },
    troubles: () => probe.missing(isNeededForCallers),
    warnings: () => [
      ...probe.missing((rule) => !isNeededForCallers(rule)),
      ...publishers.flatMap(warningsOf),
      ...leadership.warnings(),
    ],
    get conflicts() {
      return publishers.flatMap(conflictsOf).length;
    },
  };
}

type Leadership = Pick<Kubernetes, "components" | "leads" | "onLeading" | "isAnotherAlive" | "warnings">;

/** Replicas that share a Secret elect a leader; a CA without one always leads. */
function createLeadership(
  client: KubernetesClient,
  publishers: readonly Publisher[],
  deps: KubernetesDeps,
): Leadership {
  const listeners: (() => void)[] = [];
  const onChange = (isLeader: boolean) => {
    for (const publisher of publishers) publisher.setLeading(isLeader);
    if (isLeader) for (const listener of listeners) listener();
  };
  const leader = deps.config.stateSecret === undefined ? undefined : createLeader(client, onChange, deps);
  if (leader === undefined) onChange(true);
  return {
    components: leader === undefined ? [] : [leader],
    leads: () => leader?.isLeader ?? true,
    isAnotherAlive: () => leader?.isAnotherAlive ?? false,
    onLeading: (listener) => listeners.push(listener),
    warnings: () => leader?.warnings() ?? [],
  };
}

/** The API server needs longer for a page of a list than for a TokenReview. */
const listTimeoutMs = 30_000;

function clientOf(
  server: URL,
  { config, timeInDoubt }: KubernetesDeps,
  timeoutMs?: number,
): KubernetesClient {
  const { kubernetesCaFile: caFile, kubernetesTokenFile: tokenFile } = config;
  return new KubernetesClient({
    server,
    caFile,
    tokenFile,
    timeInDoubt,
    addressRules: new AddressRules(config.allowAddress),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

function createPublishers(
  client: KubernetesClient,
  { config, clock, roll, logger }: KubernetesDeps,
): Publisher[] {
  const { stateSecret } = config;
  const identity = () => ({ installation: installationMark(config), stateSecret });
  const common = { client, identity, clock, roll, logger };
  const { rootConfigMap: configMap, rootConfigMapNamespaces: selector, clusterTrustBundle } = config;
  const selection = selector === undefined ? {} : { selects: selector.matches };
  return [
    ...(configMap === undefined ? [] : [new RootPublisher({ ...common, configMap, ...selection })]),
    ...(clusterTrustBundle ? [new ClusterTrustBundlePublisher(common)] : []),
  ];
}

function createLeader(
  client: KubernetesClient,
  onChange: (isLeader: boolean) => void,
  { config, hostname, newId, mayLead, clock, logger }: KubernetesDeps,
): Leader {
  const identity = `${config.podName ?? hostname}_${newId()}`;
  const { namespace } = config;
  const name = leaseName(config);
  return new Leader({ client, namespace, name, identity, onChange, mayLead, clock, logger });
}

function createProbe(client: KubernetesClient, { config, clock, logger }: KubernetesDeps): RbacProbe {
  const permissions = neededPermissions(config);
  return new RbacProbe({ client, permissions, namespace: config.namespace, clock, logger });
}

/** Without the other permissions the CA still issues certificates, so the replica stays ready. */
function isNeededForCallers({ resource }: NeededRule): boolean {
  return resource === "tokenreviews";
}

function createInformer(client: KubernetesClient, { clock, roll, logger }: KubernetesDeps): PodInformer {
  return new PodInformer({ client, direct: new KubernetesPods({ client, clock }), clock, roll, logger });
}

function sharedStateOf(client: KubernetesClient, deps: KubernetesDeps): SharedState | undefined {
  const { config, ...rest } = deps;
  const { namespace, installation, stateSecret, rootConfigMap } = config;
  if (stateSecret === undefined) return undefined;
  return createSharedState({ ...rest, client, namespace, installation, stateSecret, rootConfigMap });
}

function checkpointTarget(
  client: KubernetesClient,
  key: string,
  { config: { checkpointTo, namespace } }: KubernetesDeps,
): CheckpointTarget | undefined {
  const name = checkpointTo?.configMap;
  return name === undefined ? undefined : configMapTarget({ client, namespace, name, key });
}

async function takeOver(
  client: KubernetesClient,
  { config, passphrase, clock, logger }: KubernetesDeps,
): Promise<PluggedInSet | undefined> {
  const { namespace, takeOverSecret: names, trustDomain } = config;
  if (names.length === 0) return undefined;
  return await findTakeOver({ client, namespace, names, trustDomain, passphrase, clock, logger });
}

function conflictsOf(publisher: Publisher): readonly RootConflict[] {
  return publisher instanceof RootPublisher ? publisher.conflicts() : [];
}

function warningsOf(publisher: Publisher): readonly string[] {
  const trouble = publisher.lastError;
  const other = publisher instanceof ClusterTrustBundlePublisher ? publisher.otherInstallation : undefined;
  return [
    ...(other === undefined ? [] : [otherBundle(other)]),
    ...(trouble === undefined ? [] : [`${publisher.name}: ${trouble.message}`]),
    ...conflictsOf(publisher).map(
      ({ namespace, manager }) =>
        `${rootPublisherConflict}: ${manager} also writes the root in the namespace ${namespace}, so the CA leaves it unchanged there`,
    ),
  ];
}

function otherBundle(installation: string): string {
  return `${rootPublisherConflict}: the installation ${installation} publishes the ClusterTrustBundle, so the CA leaves it unchanged; if that installation no longer exists, delete the ClusterTrustBundle`;
}
