import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { LoggedProcess } from "../logged-process.ts";

const program = fileURLToPath(new URL("slow_network.py", import.meta.url));

/** `silent`: accepts connections, but loses all data. `dead`: loses every packet. */
export type AddressMode = "live" | "dead" | "silent";

export interface SlowNetworkOptions {
  /** The time that a packet takes in one direction. */
  readonly delayMs: number;
  /** Addresses 10.66.0.N and fd66::N, with N above 1. The live ones lead to the machine itself. */
  readonly addresses: Readonly<Record<string, AddressMode>>;
  /** The addresses of each name, in the order of preference. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

export const mayCreateNetworks = () =>
  process.platform === "linux" &&
  existsSync("/dev/net/tun") &&
  spawnSync("unshare", ["--net", "--mount", "ip", "link"]).status === 0;

/** A network namespace in which every packet to another address takes its time. */
export class SlowNetwork implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #process: LoggedProcess;

  private constructor(directory: TemporaryDirectory, process: LoggedProcess) {
    this.#directory = directory;
    this.#process = process;
  }

  static async start({ names, ...options }: SlowNetworkOptions): Promise<SlowNetwork> {
    const directory = await temporaryDirectory();
    const hosts = directory.join("hosts");
    const lines = Object.entries(names).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`),
    );
    await writeFile(hosts, `127.0.0.1 localhost\n${lines.join("")}`);
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const within = ["unshare", "--net", "--mount", "sh", "-c", script, hosts];
    const command = [...within, "python3", program, JSON.stringify(options)];
    const network = new SlowNetwork(directory, new LoggedProcess({ title: "slow network", command }));
    await network.#process.says("ready");
    return network;
  }

  /** The command that becomes a process in this network. */
  get within(): readonly string[] {
    return ["nsenter", "--net", "--mount", "--target", String(this.#process.pid), "--"];
  }

  /** The addresses to which a connection was attempted, each packet of an attempt counted. */
  get attempts(): readonly string[] {
    return [...this.#process.log.matchAll(/^connection to (.+)$/gm)].map(([, address]) => address ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
    await this.#directory.remove();
  }
}
