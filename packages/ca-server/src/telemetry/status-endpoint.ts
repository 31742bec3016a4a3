import {
  type Component,
  createProbeServer,
  createStatusServer,
  type HostPort,
  type Readiness,
  type StatusServerDeps,
} from "@kasbah/runtime";

export interface StatusEndpointDeps extends Omit<StatusServerDeps, "readiness" | "flag"> {
  /** A further address for the probes alone. */
  readonly probeAddress?: HostPort | undefined;
}

/** The status server and that of the probes, which can start before the CA: a replica that waits is alive, and unready with a reason. */
export class StatusEndpoint implements Component {
  readonly name = "status server";
  readonly #servers: readonly Component[];
  #started: Promise<unknown> | undefined;
  #reason = "the CA is starting";
  #readiness: (() => Readiness) | undefined;
  #isServing = false;

  constructor({ probeAddress, ...deps }: StatusEndpointDeps) {
    const readiness = () => this.#now();
    const probes =
      probeAddress === undefined
        ? []
        : [{ address: probeAddress, flag: "--probe-address", readiness, logger: deps.logger }];
    this.#servers = [
      createStatusServer({ ...deps, flag: "--http-address", readiness }),
      ...probes.map(createProbeServer),
    ];
  }

  /** Serves the reason for which the CA does not start yet. */
  async wait(reason: string): Promise<void> {
    this.#reason = reason;
    await this.#listen();
  }

  /** Sets the readiness of the CA, which counts once this component is started, after all others. */
  serve(readiness: () => Readiness): void {
    this.#readiness = readiness;
  }

  async start(): Promise<void> {
    this.#isServing = true;
    await this.#listen();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  #now(): Readiness {
    if (this.#isServing && this.#readiness !== undefined) return this.#readiness();
    return { ready: false, reasons: [this.#reason] };
  }

  #listen(): Promise<unknown> {
    this.#started ??= Promise.all(this.#servers.map((server) => server.start()));
    return this.#started;
  }
}
