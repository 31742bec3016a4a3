import { type Component, createStatusServer, type Readiness, type StatusServerDeps } from "@kasbah/runtime";

/** The status server, which can start before the CA: a replica that waits is alive, and unready with a reason. */
export class StatusEndpoint implements Component {
  readonly name = "status server";
  readonly #server: Component;
  #started: Promise<void> | undefined;
  #reason = "the CA is starting";
  #readiness: (() => Readiness) | undefined;
  #isServing = false;

  constructor(deps: Omit<StatusServerDeps, "readiness">) {
    this.#server = createStatusServer({ ...deps, readiness: () => this.#now() });
  }

  /** Serves the reason for which the CA does not start yet. */
  wait(reason: string): Promise<void> {
    this.#reason = reason;
    return this.#listen();
  }

  /** Sets the readiness of the CA, which counts once this component is started, after all others. */
  serve(readiness: () => Readiness): void {
    this.#readiness = readiness;
  }

  start(): Promise<void> {
    this.#isServing = true;
    return this.#listen();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  #now(): Readiness {
    if (this.#isServing && this.#readiness !== undefined) return this.#readiness();
    return { ready: false, reasons: [this.#reason] };
  }

  #listen(): Promise<void> {
    this.#started ??= this.#server.start();
    return this.#started;
  }
}
