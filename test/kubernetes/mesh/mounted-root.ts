import { rename, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import type { ControlPlane } from "../control-plane.ts";

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

const lookEveryMs = 500;

/** Acts like a kubelet with a mounted ConfigMap: polls it and replaces the file atomically. */
export class MountedRoot {
  readonly path: string;
  readonly #configMap: string;
  readonly #controlPlane: ControlPlane;
  readonly #stopping = new AbortController();
  #mounting: Promise<void> | undefined;
  #text = "";

  constructor(controlPlane: ControlPlane, namespace: string, path: string) {
    this.path = path;
    this.#controlPlane = controlPlane;
    this.#configMap = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
  }

  /** Resolves when the file exists, because a pod does not start before that. */
  async start(): Promise<void> {
    while (this.#text === "") {
      await this.#look();
      await systemClock.sleep(50);
    }
    this.#mounting = this.#lookForEver();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#mounting;
  }

  async #lookForEver(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await systemClock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { body } = await this.#controlPlane.adminRequest<ConfigMap>("GET", this.#configMap);
    const text = body.data?.["root-cert.pem"] ?? "";
    if (text === "" || text === this.#text) return;
    await writeFile(`${this.path}.new`, text);
    await rename(`${this.path}.new`, this.path);
    this.#text = text;
  }
}
