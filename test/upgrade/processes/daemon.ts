import { formatHostPort, type HostPort, systemClock } from "@kasbah/runtime";
import { freePort } from "@kasbah/testkit";
import { LoggedProcess } from "../../harness/logged-process.ts";

export async function freeAddress(): Promise<HostPort> {
  return { host: "127.0.0.1", port: await freePort() };
}

/**
 * A process at a known address. Its readiness is a status code, because the words of a log may change from one release to
 * the next.
 */
export class Daemon extends LoggedProcess {
  readonly #readyUrl: string;

  constructor(title: string, command: readonly string[], address: HostPort, readyPath = "/healthz/ready") {
    super({ title, command });
    this.#readyUrl = `http://${formatHostPort(address)}${readyPath}`;
  }

  /** Resolves when the process is ready, and kills it if it does not become ready. */
  async ready(): Promise<this> {
    try {
      await this.until("readiness", () => this.#isReady());
      return this;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async #isReady(): Promise<boolean> {
    const signal = AbortSignal.timeout(2_000);
    const answer = await fetch(this.#readyUrl, { signal }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.ok) return true;
    await systemClock.sleep(50);
    return false;
  }
}

/** Flags and their values in the order of a command line. */
export function argumentsOf(flags: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(flags).flat();
}
