import { type HostPort, systemClock } from "@kasbah/runtime";
import type { ChildSpec } from "../../packages/cli/src/mesh/processes/child.ts";
import type { Reaper } from "../../packages/cli/src/mesh/processes/reaper.ts";
import { Service } from "../../packages/cli/src/mesh/processes/service.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Credentials } from "./credentials.ts";

/** The listen addresses of the programs, all on loopback. */
export interface Addresses {
  readonly etcd: HostPort;
  readonly etcdPeer: HostPort;
  readonly api: HostPort;
  readonly controllers: HostPort;
}

/** The inputs with which every program starts. */
export interface ProgramDeps {
  readonly addresses: Addresses;
  readonly credentials: Credentials;
  readonly admin: AdminClient;
  readonly reaper: Reaper;
  /** Creates a spec with the common parts: the program's file, its log and its environment. */
  readonly spec: (name: string, args: Readonly<Record<string, string>>) => ChildSpec;
  readonly dataDirectory: string;
  readonly moreControllers: readonly string[];
}

/**
 * The three programs in start order. They stop in reverse, because each keeps retrying without the previous
 * one.
 */
export function programsOf(world: ProgramDeps): readonly Service[] {
  return [etcd(world), apiServer(world), controllerManager(world)];
}

function etcd({ addresses, reaper, spec, dataDirectory }: ProgramDeps): Service {
  const [client, peer] = [httpUrl(addresses.etcd), httpUrl(addresses.etcdPeer)];
  const args = {
    "data-dir": dataDirectory,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    // The data need not survive the run.
    "unsafe-no-fsync": "true",
  };
  return new Service(spec("etcd", args), () => isOk(`${client}/readyz`), { clock: systemClock, reaper });
}

function apiServer({ addresses, credentials, admin, reaper, spec }: ProgramDeps): Service {
  const args = {
    "etcd-servers": httpUrl(addresses.etcd),
    "bind-address": addresses.api.host,
    "advertise-address": addresses.api.host,
    "secure-port": String(addresses.api.port),
    // A loopback address cannot be an endpoint of the Service "kubernetes".
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.0.0.0/24",
    "tls-cert-file": credentials.servingCertificate,
    "tls-private-key-file": credentials.servingKey,
    "token-auth-file": credentials.tokens,
    // The exec node runs commands on this machine, so it accepts them only from this API server.
    "kubelet-certificate-authority": credentials.caFile,
    "kubelet-client-certificate": credentials.nodeCallerCertificate,
    "kubelet-client-key": credentials.nodeCallerKey,
    "authorization-mode": "Node,RBAC",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": credentials.tokenKey,
    "service-account-signing-key-file": credentials.tokenKey,
    // As in real clusters, where namespaces forbid it with their Pod Security level.
    "allow-privileged": "true",
    "feature-gates": "ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true",
    "runtime-config": "certificates.k8s.io/v1beta1=true",
  };
  const isReady = () => admin.isOk("/readyz");
  return new Service(spec("kube-apiserver", args), isReady, { clock: systemClock, reaper });
}

function controllerManager(deps: ProgramDeps): Service {
  const { addresses, credentials, admin, reaper, spec, moreControllers } = deps;
  const args = {
    kubeconfig: credentials.controllersKubeconfig,
    "bind-address": addresses.controllers.host,
    "secure-port": String(addresses.controllers.port),
    "leader-elect": "false",
    // With the controller manager's own identity, RBAC denies some requests of its controllers.
    "use-service-account-credentials": "true",
    "root-ca-file": credentials.caFile,
    "service-account-private-key-file": credentials.tokenKey,
    controllers: [...controllers, ...moreControllers].map((name) => `${name}-controller`).join(","),
  };
  const isReady = async () => {
    const inDefault = "/api/v1/namespaces/default";
    const account = await admin.isOk(`${inDefault}/serviceaccounts/default`);
    return account && (await admin.isOk(`${inDefault}/configmaps/kube-root-ca.crt`));
  };
  const world = { clock: systemClock, reaper };
  return new Service(spec("kube-controller-manager", args), isReady, world);
}

/**
 * The controllers that tests of workloads and charts need; no node runs pods, so the others would have no
 * effect.
 */
const controllers = [
  "serviceaccount",
  "serviceaccount-token",
  "root-ca-certificate-publisher",
  "namespace",
  "garbage-collector",
  "deployment",
  "replicaset",
];

const httpUrl = ({ host, port }: HostPort) => `http://${host}:${port}`;

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
