import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { chartPath, type KubernetesObject, objectsIn } from "../../harness/chart/yaml.ts";
import { whyNoHelm } from "../build-tools.ts";
import { type Helm, openHelm } from "../helm-command.ts";

export interface OfflineRelease {
  readonly name?: string;
  readonly namespace?: string;
  readonly chart?: string;
  readonly flags?: readonly string[];
}

/** Helm without a cluster, in a directory of its own. */
export class OfflineHelm {
  #home: TemporaryDirectory | undefined;
  #helm: Helm | undefined;

  /** For mocha's `before`. Skips the suite where there is no Helm. */
  async open(context: Mocha.Context): Promise<void> {
    // The first run builds Helm.
    context.timeout(0);
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      context.skip();
    }
    this.#home = await temporaryDirectory();
    this.#helm = await openHelm(this.#home.path);
  }

  async close(): Promise<void> {
    await this.#home?.remove();
  }

  /** A path in the directory of this Helm. */
  path(name: string): string {
    if (this.#home === undefined) throw new Error("Helm is not open");
    return this.#home.join(name);
  }

  async run(args: readonly string[], values: object = {}): Promise<string> {
    if (this.#helm === undefined) throw new Error("Helm is not open");
    return await this.#helm.run(args, { stdin: JSON.stringify(values) });
  }

  /** The objects that a release with these values would create. @throws Error with Helm's message */
  async template(values: object, release: OfflineRelease = {}): Promise<readonly KubernetesObject[]> {
    const { name = "kasbah", namespace = "kasbah-system", chart = chartPath, flags = [] } = release;
    const fixed = [`--namespace=${namespace}`, "--kube-version=1.35.0", "--values=-"];
    return objectsIn(await this.run(["template", name, chart, ...fixed, ...flags], values));
  }
}
