import { getCACertificates } from "node:tls";
import type { TrustBundle } from "@kasbah/pki";
import { AgentError } from "../../errors.ts";
import type { RootsForCall, TrustedRoots } from "./held-roots.ts";

/**
 * CA_ROOT_CA=SYSTEM: the operating system's roots verify only the CA's TLS. The first reply over that
 * connection brings the mesh's roots, and later replies must chain to them. A workload whose secret has
 * expired starts over, in case the mesh replaced its root in the meantime.
 */
export class SystemRoots implements TrustedRoots {
  readonly #system: () => readonly string[];
  readonly #isLost: () => boolean;
  #learned: TrustBundle | undefined;

  /**
   * `isLost` returns true if the agent has no valid secret, so that trusting new roots cannot mix two meshes.
   */
  constructor(isLost: () => boolean, system: () => readonly string[] = () => getCACertificates("system")) {
    this.#isLost = isLost;
    this.#system = system;
  }

  /** Throws ROOTS_UNREADABLE if the operating system has no roots. */
  async forCall(): Promise<RootsForCall> {
    const pems = this.#system();
    if (pems.length === 0) {
      const fix = "mount a bundle and set SSL_CERT_FILE, or set --ca-root to the CA's own roots";
      throw new AgentError("ROOTS_UNREADABLE", `the operating system has no root certificates; ${fix}`);
    }
    const held = this.#isLost() ? undefined : this.#learned;
    return { tls: { toPem: () => pems.join("\n") }, held, inFile: undefined };
  }

  with(reply: TrustBundle): TrustBundle {
    return reply;
  }

  learn(reply: TrustBundle): void {
    this.#learned = reply;
  }
}
