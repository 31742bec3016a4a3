import assert from "node:assert/strict";
import { AdminClient, type App, startApp, startTraffic, type Traffic } from "@kasbah/cli/mesh";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { type HostPort, systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { provideReleases, type ReleaseChoice, type Releases, runCommand } from "../harness/release.ts";
import { patienceMs } from "../harness/until.ts";
import { type AgentSettings, createAgentSettings, startAgent } from "./processes/agent.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { createCallers, spiffeIdOf } from "./processes/callers.ts";
import { type Daemon, freeAddress } from "./processes/daemon.ts";
import { type RunningEnvoy, startEnvoy } from "./processes/envoy.ts";

/**
 * Short enough for several renewals in a test, and longer than the restart of a process on a busy machine.
 */
const leafTtl = "14s";
const leafFlags = ["--default-ttl", leafTtl, "--max-ttl", leafTtl];
/** The rotation of a root has three stages, each a little longer than the lifetime of a leaf. */
const rotationWithinMs = 180_000;
/** Fewer requests prove nothing: traffic may have stopped. */
const leastRequests = 50;

/** The deadline of one test, which may restart every process and replace a root. */
export const storyTimeoutMs = 300_000;

/** Which releases a mesh starts with. */
interface MeshReleases {
  readonly ca: ReleaseChoice;
  readonly agents: ReleaseChoice;
}

/** What changes when the program of the CA is replaced. */
type CaChange = Partial<Pick<CaSettings, "stateDirectory" | "flags">>;

type WorkloadName = "frontend" | "backend";

/** The outcome of the traffic of a mesh. */
export interface HandshakeCount {
  readonly requests: number;
  readonly failures: number;
  readonly firstFailure?: string;
  /** Complete TLS handshakes, as the backend's Envoy counts them. */
  readonly handshakes: number;
}

/** Throws if a request failed, or if it reused the connection of another request. */
export function assertNoneFailed({ requests, failures, firstFailure, handshakes }: HandshakeCount): void {
  assert.equal(failures, 0, `${failures} of ${requests} requests failed, the first with: ${firstFailure}`);
  assert.ok(handshakes >= requests, `${handshakes} handshakes for ${requests} requests`);
}

interface MeshDeps {
  readonly directory: TemporaryDirectory;
  readonly releases: Releases;
  readonly app: App;
  readonly entry: HostPort;
  readonly caSettings: CaSettings;
}

interface Workload {
  readonly settings: AgentSettings;
  agent: Daemon;
  envoy?: RunningEnvoy;
}

/**
 * A CA and two workloads, each with an agent and a real Envoy. A test can replace the program of the CA and
 * of each agent.
 */
export class UpgradeMesh implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #releases: Releases;
  readonly #app: App;
  readonly #entry: HostPort;
  #caSettings: CaSettings;
  #ca: Daemon | undefined;
  readonly #workloads = new Map<WorkloadName, Workload>();

  private constructor(parts: MeshDeps) {
    const { directory, releases, app, entry, caSettings } = parts;
    this.#directory = directory;
    this.#releases = releases;
    this.#app = app;
    this.#entry = entry;
    this.#caSettings = caSettings;
  }

  static async start(choice: MeshReleases): Promise<UpgradeMesh> {
    const directory = await temporaryDirectory();
    const callers = await createCallers(directory.join("callers"));
    const stateDirectory = directory.join("ca");
    const caSettings = await createCaSettings({ stateDirectory, callers, flags: leafFlags });
    const releases = await provideReleases(directory.join("previous"));
    const app = await startApp("backend");
    const mesh = new UpgradeMesh({ directory, releases, app, entry: await freeAddress(), caSettings });
    try {
      await mesh.#start(choice);
      return mesh;
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
  }

  get stateDirectory(): string {
    return this.#caSettings.stateDirectory;
  }

  status(): Promise<AuthorityStatusMessage> {
    return this.#admin().status();
  }

  /** The fingerprints of all authorities, which show whether a CA kept its keys. */
  async fingerprints(): Promise<readonly string[]> {
    const { authorities } = await this.status();
    return authorities.map(({ fingerprint }) => fingerprint);
  }

  /** The running CA. */
  get ca(): Daemon {
    if (this.#ca === undefined) throw new Error("the CA is not running");
    return this.#ca;
  }

  /**
   * Replaces the program of the CA, which keeps its state directory unless another one is given. The flags
   * are added to those of the mesh, for this program only.
   */
  async replaceCa(release: ReleaseChoice, { stateDirectory, flags = [] }: CaChange = {}): Promise<void> {
    await this.#ca?.stop();
    if (stateDirectory !== undefined) this.#caSettings = { ...this.#caSettings, stateDirectory };
    const settings = { ...this.#caSettings, flags: [...this.#caSettings.flags, ...flags] };
    this.#ca = await startCa(this.#releases[release], settings);
  }

  /**
   * Replaces the program of one agent while its Envoy runs, and waits until Envoy has a certificate from the
   * new one.
   */
  async replaceAgent(name: WorkloadName, release: ReleaseChoice): Promise<void> {
    const workload = this.#workload(name);
    await workload.agent.stop();
    const before = await this.#serialIn(name);
    workload.agent = startAgent(this.#releases[release], { ...workload.settings, ca: this.#caSettings });
    await workload.agent.ready();
    await this.#untilSerialDiffers(name, before);
  }

  /** Waits until every Envoy has received a new certificate. */
  async untilRenewed(): Promise<void> {
    const names = [...this.#workloads.keys()];
    await Promise.all(names.map(async (name) => this.#untilSerialDiffers(name, await this.#serialIn(name))));
  }

  /** Starts to replace the root with its intermediate, or the intermediate alone. */
  async beginRotation(kind: "root" | "intermediate"): Promise<void> {
    await this.#admin().rotate(kind);
  }

  /** Brings back an authority that is retiring or retired. */
  async recall(id: string): Promise<void> {
    await this.#admin().recall(id);
  }

  async untilRotationEnds(): Promise<AuthorityStatusMessage> {
    return untilSeen("end of the rotation", rotationWithinMs, async () => {
      const status = await this.status();
      if (status.rotation === undefined) return status;
      await systemClock.sleep(200);
      return undefined;
    });
  }

  /** Runs an `audit` command of a release on the ledger of the CA and returns what it prints. */
  audit(release: ReleaseChoice, ...argv: readonly string[]): Promise<string> {
    return runCommand(this.#releases[release], "audit", ...argv, "--state-dir", this.stateDirectory);
  }

  /** The fingerprints of the authorities that signed the certificates in the ledger. */
  async recordedIssuers(release: ReleaseChoice): Promise<ReadonlySet<string>> {
    const lines = await this.audit(release, "export", "--kind", "issued", "--since", "1h");
    return new Set(
      lines
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).authority),
    );
  }

  /**
   * Sends requests through both Envoys during `work`, each on a new connection with a full mutual TLS
   * handshake.
   */
  async countHandshakes(work: (traffic: Traffic) => Promise<void>): Promise<HandshakeCount> {
    const before = await this.backendStat("ssl.handshake");
    const traffic = startTraffic(this.#entry, systemClock);
    try {
      await work(traffic);
      await untilSeen("requests", patienceMs, () => traffic.result().requests > leastRequests || undefined);
    } finally {
      await traffic.stop();
    }
    return { ...traffic.result(), handshakes: (await this.backendStat("ssl.handshake")) - before };
  }

  /** Throws if a handshake failed during `work`. */
  async losesNoHandshake(work: () => Promise<void>): Promise<void> {
    assertNoneFailed(await this.countHandshakes(work));
  }

  /** A counter of the listener on which the backend's Envoy accepts mutual TLS. */
  backendStat(name: string): Promise<number> {
    return this.#envoy("backend").admin.stat(`listener.inbound.${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { envoy, agent } of this.#workloads.values()) {
      await envoy?.process.kill();
      await agent.kill();
    }
    await this.#ca?.kill();
    await this.#app.close();
    await this.#directory.remove();
  }

  async #start({ ca, agents }: MeshReleases): Promise<void> {
    this.#ca = await startCa(this.#releases[ca], this.#caSettings);
    for (const name of ["frontend", "backend"] as const) {
      const place = { directory: this.#directory.join(name), ca: this.#caSettings, secretTtl: leafTtl };
      const settings = await createAgentSettings(name, place);
      this.#workloads.set(name, { settings, agent: startAgent(this.#releases[agents], settings) });
    }
    for (const { agent } of this.#workloads.values()) await agent.ready();
    const door = await freeAddress();
    const peers = [spiffeIdOf("frontend")];
    await this.#startEnvoy("backend", { inbound: { address: door, app: this.#app.address, peers } });
    const peer = spiffeIdOf("backend");
    const outbound = { address: this.#entry, upstream: door, peer, maxRequestsPerConnection: 1 };
    await this.#startEnvoy("frontend", { outbound });
  }

  async #startEnvoy(name: WorkloadName, routes: Omit<Parameters<typeof startEnvoy>[1], "sdsSocket">) {
    const workload = this.#workload(name);
    const { directory, sdsSocket } = workload.settings;
    workload.envoy = await startEnvoy(directory, { sdsSocket, ...routes });
  }

  #admin(): AdminClient {
    return new AdminClient(adminSocketOf(this.#caSettings), "the tests");
  }

  #workload(name: WorkloadName): Workload {
    const workload = this.#workloads.get(name);
    if (workload === undefined) throw new Error(`${name} is not part of this mesh`);
    return workload;
  }

  #envoy(name: WorkloadName): RunningEnvoy {
    const { envoy } = this.#workload(name);
    if (envoy === undefined) throw new Error(`the Envoy of ${name} is not running`);
    return envoy;
  }

  /** The serial number of the workload certificate that an Envoy uses. */
  async #serialIn(name: WorkloadName): Promise<string> {
    const certificates = await this.#envoy(name).admin.certificates();
    const own = certificates.find(({ uris }) => uris.includes(spiffeIdOf(name)));
    return own?.serial ?? "none";
  }

  async #untilSerialDiffers(name: WorkloadName, before: string): Promise<void> {
    await untilSeen(`new certificate in the Envoy of ${name}`, patienceMs, async () => {
      const serial = await this.#serialIn(name);
      if (serial !== before && serial !== "none") return serial;
      await systemClock.sleep(100);
      return undefined;
    });
  }
}
