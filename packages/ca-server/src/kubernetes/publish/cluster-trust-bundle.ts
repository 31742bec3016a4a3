import { parseTrustBundle } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import { z } from "zod";
import type { KubernetesClient } from "../api/api-client.ts";
import { writeObject } from "../api/object-writer.ts";
import { WriteTroubles } from "../api/write-troubles.ts";
import { Reflector } from "../watch/reflector.ts";
import { RestorePace } from "../watch/restore-pace.ts";
import { WorkQueue } from "../watch/work-queue.ts";
import { digestOf, installationKey, type PublisherIdentity } from "./root-config-map.ts";

export interface ClusterTrustBundleDeps {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put" | "watch">;
  readonly identity: () => PublisherIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

const collection = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles";
const signerName = "kasbah.dev/ca";
/** The API server requires a name that begins with the signer's name. */
const objectName = "kasbah.dev:ca:root";

const objectSchema = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).nullish() }),
  spec: z.looseObject({ trustBundle: z.string() }),
});
const foundSchema = objectSchema.transform(({ metadata, spec }) => ({
  digest: digestOf(spec.trustBundle),
  installation: metadata.annotations?.[installationKey],
}));
type FoundBundle = z.output<typeof foundSchema>;

/**
 * Also publishes the trust bundle for the whole cluster, for pods that mount it from there. If the cluster
 * does not have that API, the CA retries occasionally, and nothing else is affected.
 */
export class ClusterTrustBundlePublisher implements Component {
  readonly name = "cluster trust bundle";
  readonly #deps: ClusterTrustBundleDeps;
  readonly #found: Reflector<FoundBundle>;
  readonly #queue: WorkQueue;
  readonly #pace: RestorePace;
  readonly #troubles: WriteTroubles;
  #bundle: { readonly pem: string; readonly digest: string } | undefined;
  #isLeading = false;

  constructor(deps: ClusterTrustBundleDeps) {
    const { clock, logger, roll } = deps;
    this.#deps = deps;
    this.#pace = new RestorePace(clock);
    this.#troubles = new WriteTroubles(logger, "cannot publish the cluster trust bundle");
    this.#found = new Reflector({
      ...deps,
      ...{ name: this.name, path: collection, kind: "ClusterTrustBundle", schema: foundSchema },
      fieldSelector: `metadata.name=${objectName}`,
      onChange: () => this.#look(),
      onSync: () => this.#look(),
    });
    this.#queue = new WorkQueue({
      work: (name) => this.#setRight().then(() => this.#troubles.clear(name)),
      onTrouble: (name, error) => this.#troubles.note(name, error),
      ...{ atOnce: 1, clock, roll },
    });
  }

  get lastError(): Error | undefined {
    return this.#found.lastError ?? this.#troubles.last;
  }

  /** Whether the cluster has the current bundle, as far as the CA knows. */
  get isPublished(): boolean {
    const digest = this.#bundle?.digest;
    const found = this.#found.isSynced ? this.#found.current.get(objectName) : undefined;
    return digest !== undefined && found?.digest === digest && found.installation !== undefined;
  }

  /** The other installation that publishes another bundle under this name; this one leaves it unchanged. */
  get otherInstallation(): string | undefined {
    const found = this.#found.current.get(objectName);
    if (found === undefined || found.digest === this.#bundle?.digest) return undefined;
    return this.#isOther(found.installation) ? found.installation : undefined;
  }

  /** @throws PkiError if the bundle is invalid */
  publish(bundlePem: string): void {
    parseTrustBundle(bundlePem);
    this.#bundle = { pem: bundlePem, digest: digestOf(bundlePem) };
    this.#look();
  }

  setLeading(isLeading: boolean): void {
    this.#isLeading = isLeading;
    this.#look();
  }

  async start(): Promise<void> {
    this.#queue.start();
    await this.#found.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#found.stop(), this.#queue.stop()]);
  }

  #look(): void {
    if (this.#isDue) this.#queue.add(objectName);
  }

  get #isDue(): boolean {
    const mayWrite = this.#isLeading && this.#found.isSynced;
    return (
      mayWrite && this.#bundle !== undefined && !this.isPublished && this.otherInstallation === undefined
    );
  }

  #isOther(installation: string | undefined): boolean {
    return installation !== undefined && installation !== this.#deps.identity().installation;
  }

  async #setRight(): Promise<void> {
    if (!this.#isDue) return;
    const waitMs = this.#pace.waitMs(objectName);
    if (waitMs > 0) return this.#queue.add(objectName, waitMs);
    const place = { client: this.#deps.client, collection, name: objectName };
    const isWritten = await writeObject(place, (found) => this.#wanted(found));
    if (isWritten) this.#pace.note(objectName);
  }

  #wanted(found: unknown): object | undefined {
    if (this.#bundle === undefined || !this.#isLeading) return undefined;
    const { metadata, spec } = objectSchema.parse(
      found ?? { metadata: { name: objectName }, spec: { signerName, trustBundle: "" } },
    );
    const { annotations } = metadata;
    const installation = annotations?.[installationKey];
    const isCurrent = digestOf(spec.trustBundle) === this.#bundle.digest && installation !== undefined;
    if (isCurrent || this.#isOther(installation)) return undefined;
    return {
      apiVersion: "certificates.k8s.io/v1beta1",
      kind: "ClusterTrustBundle",
      metadata: {
        ...metadata,
        annotations: { ...annotations, [installationKey]: this.#deps.identity().installation },
      },
      spec: { ...spec, trustBundle: this.#bundle.pem },
    };
  }
}
