import type { Component, Readiness } from "@kasbah/runtime";

/**
 * Keeps an agent from being ready while its sockets do not listen. With a cached secret it would otherwise
 * be ready first, and a client that waits for that could not connect.
 */
export class SocketGate implements Component {
  readonly name = "socket gate";
  #isOpen = false;

  async start(): Promise<void> {
    this.#isOpen = true;
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
  }

  check(readiness: Readiness): Readiness {
    if (this.#isOpen) return readiness;
    const { warnings = [], reasons } = readiness;
    return { ready: false, reasons: [...reasons, ...warnings, "the sockets do not listen"] };
  }
}
