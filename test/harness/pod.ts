import { rm, writeFile } from "node:fs/promises";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import {
  type KubeletVolume,
  mountKubeletVolume,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type AgentLaunch, AgentProcess } from "./agent-process.ts";
import { mintLongLivedToken, testIssuer } from "./token-issuer.ts";

/** A CA as its clients see it; a fake CA has the same shape. */
export interface PodCa {
  readonly address: HostPort;
  readonly authority: { readonly rootPem: string };
}

export interface PodOptions extends Partial<AgentLaunch> {
  readonly ca: PodCa;
  /** The first content of the token file; by default a valid token of demo/lonely. */
  readonly token?: string;
  /** The CA address given to the agent; by default the CA's own. */
  readonly caAddress?: string;
}

/** The default name in tokens of {@link mintToken}. */
export const lonelySpiffeId = "spiffe://cluster.local/ns/demo/sa/lonely";

const tokens = await createTokenIssuer({ issuer: testIssuer });

/** Creates a token that is valid for ten years, so that a test may move the clock. */
export function mintToken(serviceAccount = "lonely", lifetimeMs?: number): Promise<string> {
  return mintLongLivedToken(tokens, serviceAccount, lifetimeMs);
}

/** A pod: the files that an agent finds in it, and the agent, which a test may kill and restart. */
export class Pod implements AsyncDisposable {
  /** Contains the file `token`. */
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

  /** Creates a pod with a valid token and the root of the CA; no process is running yet. */
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

  /** The agent that was last started. */
  get agent(): AgentProcess {
    const agent = this.#agents.at(-1);
    if (agent === undefined) throw new Error("no agent has been started in this pod");
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
