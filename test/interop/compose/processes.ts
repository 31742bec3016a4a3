import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@kasbah/testkit";
import { type Image, images } from "../../../deploy/image/images.ts";
import { LoggedProcess } from "../../harness/logged-process.ts";
import { agentBin, repositoryRoot, serverBin } from "../../harness/repository.ts";
import type { Project, Service } from "./project.ts";

/** What a log line of a service says once the services that depend on it may start. */
const startedBy: Readonly<Record<string, string>> = {
  ca: "daemon started",
  "web-agent": "secret published",
  "api-agent": "secret published",
};

/** The services of a compose file as processes: volumes are folders, and host names the address of this machine. */
export class ServiceProcesses implements AsyncDisposable {
  readonly #project: Project;
  readonly #folder: string;
  readonly #envoy: string;
  readonly #ports = new Map<string, number>();
  readonly #started = new Map<string, LoggedProcess>();

  private constructor(project: Project, folder: string, envoy: string) {
    this.#project = project;
    this.#folder = folder;
    this.#envoy = envoy;
  }

  static async create(project: Project, folder: string, envoy: string): Promise<ServiceProcesses> {
    const processes = new ServiceProcesses(project, folder, envoy);
    for (const port of ["15012", "8443", "8080"]) processes.#ports.set(port, await freePort());
    for (const volume of Object.keys(project.volumes)) await mkdir(join(folder, volume), { mode: 0o700 });
    return processes;
  }

  /** The port of this machine for one of the file. */
  port(inFile: string): number {
    return this.#ports.get(inFile) ?? 0;
  }

  /** What a service has printed. */
  log(name: string): string {
    return this.#started.get(name)?.log ?? "";
  }

  /** Starts a service after those that it depends on, as docker compose does. */
  async start(name: string): Promise<void> {
    if (this.#started.has(name)) return;
    const service = this.#project.services[name];
    if (service === undefined) throw new Error(`no service ${name}`);
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      await this.start(dependency);
      await this.#until(dependency, condition);
    }
    const command = [...(await this.#entrypoint(service)), ...(service.command ?? [])];
    const here = command.map((word) => this.#onThisMachine(word, service));
    this.#started.set(
      name,
      new LoggedProcess({ title: name, command: here, env: this.#environment(service) }),
    );
  }

  async #until(name: string, condition: string): Promise<void> {
    const started = this.#started.get(name);
    if (condition === "service_healthy") await started?.says(startedBy[name] ?? "");
    if (condition !== "service_completed_successfully") return;
    const { code } = (await started?.exited) ?? {};
    if (code !== 0) throw new Error(`${name} exited with ${code}: ${started?.log}`);
  }

  /** Files of the image become files of the repository. */
  async #entrypoint(service: Service): Promise<readonly string[]> {
    const { entrypoint, image, configs = [] } = service;
    if (entrypoint !== null) {
      const files = entrypoint.map((word) => word.replace("/opt/kasbah", repositoryRoot));
      return [process.execPath, ...files.slice(1)];
    }
    for (const { source, target } of configs) {
      const { content = "" } = this.#project.configs[source] ?? {};
      await writeFile(join(this.#folder, `${source}.yaml`), this.#onThisMachine(content, service));
      if (target !== "/envoy.yaml") throw new Error(`unexpected target ${target}`);
    }
    const bin = { "kasbah-server": serverBin, "kasbah-agent": agentBin };
    const name = imageOf(image)?.entrypoint as keyof typeof bin | undefined;
    return name === undefined ? [] : [process.execPath, bin[name]];
  }

  #onThisMachine(text: string, { volumes = [], configs = [] }: Service): string {
    const targets = volumes.map(({ source, target }) => [target, join(this.#folder, source)] as const);
    const files = configs.map(
      ({ source, target }) => [target, join(this.#folder, `${source}.yaml`)] as const,
    );
    const paths = [...targets, ...files].reduce((done, [from, to]) => replacePath(done, from, to), text);
    const hosts = paths
      .replace(/\bca:(?=15012)/, "localhost:")
      .replace("address: api,", "address: 127.0.0.1,");
    const ports = hosts.replace(/\b(15012|8443|8080)\b/g, (inFile) => String(this.port(inFile)));
    return ports.replace("0.0.0.0", "127.0.0.1").replace(/^envoy$/, this.#envoy);
  }

  #environment(service: Service): Readonly<Record<string, string>> {
    const ofImage = imageOf(service.image)?.env["KASBAH_STATE_DIR"] ?? "";
    return {
      // The root of the CA is the file's own, and the agents verify the name that the file gives it.
      ...(ofImage === "" ? {} : { KASBAH_STATE_DIR: this.#onThisMachine(ofImage, service) }),
      KASBAH_CA_SERVER_NAME: "ca",
      KASBAH_HTTP_ADDRESS: "127.0.0.1:0",
      KASBAH_STATUS_ADDRESS: "127.0.0.1:0",
      KASBAH_LOG_FORMAT: "json",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of [...this.#started.values()].toReversed()) await started.stop();
  }
}

/** The image of the project with this reference; undefined for images of others. */
export function imageOf(reference: string): Image | undefined {
  return images.find(({ repository }) => reference.replace(/:[^:/]+$/, "").endsWith(repository));
}

/** Replaces a path only as a whole or as a directory. */
function replacePath(text: string, from: string, to: string): string {
  return text.replace(new RegExp(`(?<![\\w./-])${from}(?![\\w.-])`, "g"), to);
}
