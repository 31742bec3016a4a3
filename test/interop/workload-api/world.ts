import { writeFile } from "node:fs/promises";
import { parseTrustBundle, type TrustBundle } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { AgentProcess } from "../../harness/agent-process.ts";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { kasbah } from "../../harness/fixed-roots.ts";
import { lonelySpiffeId, Pod } from "../../harness/pod.ts";
import { mintDemoToken } from "../../harness/token-issuer.ts";
import { patienceMs } from "../../harness/until.ts";
import type { Workload } from "./clients/client.ts";

/** A rotation takes more than three times as long; a certificate of less would expire on a crowded machine. */
const ttl = "24s";

/** A CA and the agent of one pod, whose root rotates and whose agent restarts. */
export class World implements AsyncDisposable {
  readonly workload: Workload;
  readonly #ca: RunningCa;
  readonly #pod: Pod;
  readonly #directory: TemporaryDirectory;

  private constructor(ca: RunningCa, pod: Pod, directory: TemporaryDirectory) {
    this.#ca = ca;
    this.#pod = pod;
    this.#directory = directory;
    let directories = 0;
    this.workload = {
      socket: pod.path("workload"),
      spiffeId: lonelySpiffeId,
      directory: (name) => directory.join(`${name}-${directories++}`),
    };
  }

  static async start(): Promise<World> {
    const ca = await startCa({ flags: ["--default-ttl", ttl, "--max-ttl", ttl] });
    const address = { host: "127.0.0.1", port: ca.port };
    const token = await mintDemoToken(ca.tokens, "lonely");
    const pod = await Pod.create({ ca: { address, authority: ca }, token });
    const world = new World(ca, pod, await temporaryDirectory());
    await world.#startAgent();
    return world;
  }

  /** The roots that clients must trust now. */
  async roots(): Promise<TrustBundle> {
    return parseTrustBundle(await this.#ca.process.rootPem());
  }

  /** Rotates the root, and then updates the pod's root file: an agent also trusts the roots of that file. */
  async rotateRoot(): Promise<void> {
    await kasbah(this.#ca, "authority", "rotate", "--root", "--wait");
    await writeFile(this.#pod.rootPath, await this.#ca.process.rootPem());
    const roots = (await this.roots()).roots.map(({ fingerprint }) => fingerprint);
    const newest = () => publishedBy(this.#pod.agent).at(-1)?.roots;
    await this.#pod.agent.until("only the new root", () => newest()?.join() === roots.join());
  }

  /** Restarts the agent immediately after a renewal, so that every client holds a certificate that outlasts the restart. */
  async restartAgent(): Promise<void> {
    const renewals = publishedBy(this.#pod.agent).length;
    await this.#pod.agent.until("renewal", () => publishedBy(this.#pod.agent).length > renewals);
    await this.#pod.agent.stop();
    await this.#startAgent();
  }

  /** Whether the running agent, as opposed to the one before its restart, got this certificate. */
  isOfRunningAgent(fingerprint: string): boolean {
    return publishedBy(this.#pod.agent).some((secret) => secret.fingerprint === fingerprint);
  }

  get agentLog(): string {
    return this.#pod.agent.log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pod[Symbol.asyncDispose]();
    await this.#ca.stop();
    await this.#directory.remove();
  }

  async #startAgent(): Promise<void> {
    const flags = { "--workload-socket": this.workload.socket, "--secret-ttl": ttl };
    const agent = this.#pod.start({ flags });
    await untilSeen("ready agent", patienceMs, async () => ((await agent.isReady()) ? true : undefined));
  }
}

interface PublishedSecret {
  readonly event: string;
  readonly fingerprint: string;
  /** The fingerprints of the trusted roots. */
  readonly roots: readonly string[];
}

function publishedBy(agent: AgentProcess): readonly PublishedSecret[] {
  const lines = agent.log.split("\n").filter((line) => line.endsWith('"event":"secret published"}'));
  return lines.map((line): PublishedSecret => JSON.parse(line));
}
