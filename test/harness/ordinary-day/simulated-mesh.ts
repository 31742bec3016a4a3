import { createCertificateRequest, createKeyPair, parseSpiffeId, type SpiffeId } from "@kasbah/pki";
import type { PodCall } from "./simulated-ca.ts";

/** A pod, and when its agent renews. */
interface Pod {
  readonly service: string;
  readonly spiffeId: SpiffeId;
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  renewsAtMs: number;
}

const hourMs = 3_600_000;
const podsPerService = 10;
const servicesPerNamespace = 5;

/** A mesh of pods whose agents renew at half of a lifetime of a day, with a twentieth of jitter. */
export class SimulatedMesh {
  #pods: Pod[] = [];
  #services = 0;
  #created = 0;
  #seed = 7;

  get size(): number {
    return this.#pods.length;
  }

  /** Adds a service with pods that start within the given time. */
  addService(pods: number, nowMs: number, withinMs: number): void {
    this.#services += 1;
    const service = `ns-${Math.floor(this.#services / servicesPerNamespace)}/service-${this.#services}`;
    for (let count = 0; count < pods; count += 1) this.#addPod(service, nowMs + this.#roll() * withinMs);
  }

  /** Adds services until there are this many pods. */
  fill(pods: number, nowMs: number, withinMs: number): void {
    while (this.size < pods) this.addService(Math.min(podsPerService, pods - this.size), nowMs, withinMs);
  }

  /** Replaces all pods of some services by new ones, as a rolling restart or a node drain does. */
  restart(services: number, nowMs: number): void {
    for (let count = 0; count < services; count += 1) {
      const { service } = this.#pods[Math.floor(this.#roll() * this.size)] ?? { service: "" };
      const old = this.#pods.filter((pod) => pod.service === service);
      this.#pods = this.#pods.filter((pod) => pod.service !== service);
      for (const _ of old) this.#addPod(service, nowMs + this.#roll() * (hourMs / 6));
    }
  }

  /** Adds pods to an existing service. */
  scaleUp(pods: number, nowMs: number): void {
    const { service = "" } = this.#pods[0] ?? {};
    for (let count = 0; count < pods; count += 1) this.#addPod(service, nowMs + this.#roll() * (hourMs / 12));
  }

  /** The calls that are due. A few agents send a token that has just expired first. */
  async due(nowMs: number): Promise<readonly PodCall[]> {
    const calls: PodCall[] = [];
    for (const pod of this.#pods) {
      if (pod.renewsAtMs > nowMs) continue;
      pod.renewsAtMs = nowMs + 12 * hourMs * (1 + (this.#roll() - 0.5) / 10);
      const call = await callOf(pod, nowMs);
      if (this.#roll() < 0.005) calls.push({ ...call, caller: undefined });
      calls.push(call);
    }
    return calls;
  }

  #addPod(service: string, renewsAtMs: number): void {
    this.#created += 1;
    const [namespace, account] = service.split("/");
    const [high, low] = [(this.#created >> 8) & 255, this.#created & 255];
    this.#pods.push({
      ...{ service, renewsAtMs, name: `${account}-${this.#created}`, uid: `uid-${this.#created}` },
      spiffeId: parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/${account}`),
      address: `10.${this.#created >> 16}.${high}.${low}`,
    });
  }

  /** The same day in every run. */
  #roll(): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#seed / 2_147_483_648;
  }
}

/** Every call has a new key; the kubelet replaces the token every hour. */
async function callOf({ spiffeId, name, uid, address }: Pod, nowMs: number): Promise<PodCall> {
  const tokenIdHash = `${uid} ${Math.floor(nowMs / hourMs)}`;
  const credential = { kind: "jwks-token", issuer: "https://issuer.test", tokenIdHash } as const;
  return {
    caller: { spiffeId, credential, pod: { name, uid }, node: "node-1" },
    peerAddress: `${address}:${30_000 + (nowMs % 10_000)}`,
    csr: createCertificateRequest(await createKeyPair("P-256"), spiffeId),
  };
}
