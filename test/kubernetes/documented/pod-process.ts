import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { TemporaryDirectory } from "@kasbah/testkit";
import { agentBin, serverBin } from "../../harness/repository.ts";
import type { ControlPlane } from "../control-plane.ts";

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

/** The pod around a container, as its kubelet made it. */
export interface PodPlace {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  /** The folder of its volume. */
  readonly volume: string;
  readonly tokenFile: string;
  readonly controlPlane: ControlPlane;
}

/** As the grace period of a pod: what does not stop on SIGTERM is killed. */
const graceMs = 5_000;

const flagOf = (arg: string) => arg.split("=", 1)[0] ?? "";

/** A container of a pod: our program in a process with the container's arguments, or nothing but its state. */
export class PodProcess {
  readonly #container: PodContainer;
  readonly #place: PodPlace;
  readonly #directory: TemporaryDirectory;
  readonly #startedAt = new Date().toISOString().replace(/\.\d+/, "");
  #child: ChildProcess | undefined;

  constructor(container: PodContainer, place: PodPlace, directory: TemporaryDirectory) {
    this.#container = container;
    this.#place = place;
    this.#directory = directory;
  }

  /** What `kubectl exec`, `logs` and `port-forward` find. */
  get inside() {
    const { volume, address } = this.#place;
    const PATH = `${this.#directory.join("image")}:/usr/bin:/bin`;
    const env = { PATH, KASBAH_STATE_DIR: `${volume}/state`, KASBAH_STATUS_ADDRESS: `${address}:15020` };
    return { env, log: this.#logFile, address };
  }

  async start(): Promise<void> {
    const command = this.#command();
    mkdirSync(dirname(this.#logFile), { recursive: true });
    mkdirSync(this.#place.volume, { recursive: true });
    const log = openSync(this.#logFile, "a", 0o600);
    if (command !== undefined) {
      const { namespace, name, volume } = this.#place;
      const own = { POD_NAME: name, POD_NAMESPACE: namespace, KASBAH_STATE_DIR: `${volume}/state` };
      const env = { ...this.#environment, ...own };
      this.#child = spawn(process.execPath, command, { stdio: ["ignore", log, log], env });
    }
    closeSync(log);
  }

  async status() {
    const { name, image } = this.#container;
    const state = { running: { startedAt: this.#startedAt } };
    const ready = await this.#isReady();
    return { name, ready, started: true, restartCount: 0, image, imageID: "", state };
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    child.kill("SIGTERM");
    await exited.finally(() => clearTimeout(timer));
  }

  get #logFile(): string {
    const { namespace, name } = this.#place;
    return this.#directory.join("logs", namespace, name, this.#container.name);
  }

  get #environment(): Readonly<Record<string, string>> {
    const entries = (this.#container.env ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return Object.fromEntries(entries);
  }

  #command(): readonly string[] | undefined {
    const { address, tokenFile, controlPlane } = this.#place;
    if (this.#container.name === "kasbah-server")
      return this.#withFlags(serverBin, {
        "--kubernetes-api": controlPlane.url.href,
        "--allow-address": "127.0.0.1",
        "--kubernetes-ca-file": controlPlane.caFile,
        "--kubernetes-token-file": tokenFile,
        "--grpc-address": `${address}:15012`,
        "--http-address": `${address}:15014`,
        "--probe-address": `${address}:15016`,
      });
    if (this.#container.name === "kasbah-agent")
      return this.#withFlags(agentBin, {
        "--token-file": tokenFile,
        "--ca-root": `${this.#place.volume}/root-cert.pem`,
        "--sds-socket": `${this.#place.volume}/socket`,
        "--status-address": `${address}:15020`,
      });
    return undefined;
  }

  /** The container's arguments, with those that depend on the machine replaced. */
  #withFlags(program: string, flags: Readonly<Record<string, string>>): readonly string[] {
    // ConfigMaps are not mounted here, so a policy of the chart does not apply.
    const replaced = new Set(["--policy", ...Object.keys(flags)]);
    const own = (this.#container.args ?? []).filter((arg) => !replaced.has(flagOf(arg)));
    return [program, ...own, ...Object.entries(flags).flat()];
  }

  async #isReady(): Promise<boolean> {
    if (this.#child === undefined) return true;
    const port = this.#container.name === "kasbah-server" ? 15014 : 15020;
    try {
      const url = `http://${this.#place.address}:${port}/healthz/ready`;
      return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  }
}
