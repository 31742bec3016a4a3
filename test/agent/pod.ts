import { rm, writeFile } from "node:fs/promises";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { formatHostPort, type HostPort, systemClock } from "@kasbah/runtime";
import {
  type KubeletVolume,
  mountKubeletVolume,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type AgentLaunch, AgentProcess } from "./agent-process.ts";

/** A CA as its clients know it; a fake one is such a one. */
export interface PodCa {
  readonly address: HostPort;
  readonly authority: { readonly rootPem: string };
}

export interface PodOptions extends Partial<AgentLaunch> {
  readonly ca: PodCa;
  /** What the token file holds at first; a good token of demo/lonely unless given. */
  readonly token?: string;
  /** Where the agent finds the CA; the CA's own address unless given. */
  readonly caAddress?: string;
}

/** The name in the tokens that {@link mintToken} makes unless told otherwise. */
export const lonelySpiffeId = "spiffe://cluster.local/ns/demo/sa/lonely";

const day = 24 * 3_600_000;
const tokens = await createTokenIssuer({ issuer: "https://issuer.test" });

/** A good token, each time another one. It is good for ten years, because some clocks here run away. */
export function mintToken(serviceAccount = "lonely", lifetimeMs = 3650 * day): Promise<string> {
  const now = systemClock.now();
  // A clock that was set back does not make it one of the future.
  const claims = { nbf: undefined, iat: Math.floor((now.getTime() - 3650 * day) / 1000) };
  return tokens.mint({ namespace: "demo", serviceAccount, now, lifetimeMs, claims });
}

/** What an agent finds in its pod, and the agent, which may be killed and started again. */
export class Pod implements AsyncDisposable {
  /** Holds `token`. */
  readonly token: KubeletVolume;
  readonly rootPath: string;
  readonly socket: string;
  readonly #directory: TemporaryDirectory;
  readonly #options: PodOptions;
  readonly #agents: AgentProcess[] = [];

  private constructor(directory: TemporaryDirectory, token: KubeletVolume, options: PodOptions) {
    this.#directory = directory;
    this.#options = options;
    this.token = token;
    this.rootPath = directory.join("root.pem");
    this.socket = directory.join("uds", "socket");
  }

  /** With a good token and the CA's root; nothing runs yet. */
  static async create(options: PodOptions): Promise<Pod> {
    const directory = await temporaryDirectory();
    const token = options.token ?? (await mintToken());
    const volume = await mountKubeletVolume(directory.join("tokens"), { token });
    const pod = new Pod(directory, volume, options);
    await writeFile(pod.rootPath, options.ca.authority.rootPem);
    return pod;
  }

  path(...names: string[]): string {
    return this.#directory.join(...names);
  }

  /** The agent that was started last. */
  get agent(): AgentProcess {
    const agent = this.#agents.at(-1);
    if (agent === undefined) throw new Error("no agent was started in this pod");
    return agent;
  }

  start(changes: Partial<AgentLaunch> = {}): AgentProcess {
    const { ca, caAddress = formatHostPort(ca.address), token: _, ...launch } = this.#options;
    const flags = {
      "--ca-address": caAddress,
      "--ca-root": this.rootPath,
      "--token-file": this.token.join("token"),
      "--sds-socket": this.socket,
      "--status-address": "127.0.0.1:0",
      "--log-format": "json",
      ...launch.flags,
      ...changes.flags,
    };
    const agent = new AgentProcess({ ...launch, ...changes, flags });
    this.#agents.push(agent);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) await agent.kill();
    await rm(this.#directory.path, { recursive: true, force: true });
  }
}
