import { type Component, createStatusServer, type Readiness, type StatusServerDeps } from "@kasbah/runtime";

/** The status server, which can start before the CA: a replica that waits is alive, and unready with a reason. */
export class StatusEndpoint implements Component {
  readonly name = "status server";
  readonly #server: Component;
  #started: Promise<void> | undefined;
  #readiness: () => Readiness = () => ({ ready: false, reasons: ["the CA is starting"] });

  constructor(deps: Omit<StatusServerDeps, "readiness">) {
    this.#server = createStatusServer({ ...deps, readiness: () => this.#readiness() });
  }

  /** Serves the reason for which the CA does not start yet. */
  wait(reason: string): Promise<void> {
    this.#readiness = () => ({ ready: false, reasons: [reason] });
    return this.start();
  }

  /** Sets the readiness of the CA. */
  serve(readiness: () => Readiness): void {
    this.#readiness = readiness;
  }

  start(): Promise<void> {
    this.#started ??= this.#server.start();
    return this.#started;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
