import { getCACertificates } from "node:tls";
import type { TrustBundle } from "@kasbah/pki";
import { AgentError } from "../../errors.ts";
import type { RootsForCall, TrustedRoots } from "./held-roots.ts";

/**
 * CA_ROOT_CA=SYSTEM: the operating system's roots vouch for the CA's TLS, and for nothing else. The roots of the mesh come with
 * the first reply, on the word of the CA so authenticated; from then on a reply must chain to roots held before, unless the
 * workload has lost its identity: one that was away while the mesh replaced its root begins anew.
 */
export class SystemRoots implements TrustedRoots {
  readonly #system: () => readonly string[];
  readonly #isLost: () => boolean;
  #learned: TrustBundle | undefined;

  /** `isLost` tells that no secret is left that would have to be kept apart from another mesh's. */
  constructor(isLost: () => boolean, system: () => readonly string[] = () => getCACertificates("system")) {
    this.#isLost = isLost;
    this.#system = system;
  }

  /** Throws ROOTS_UNREADABLE where the system has none. */
  async forCall(): Promise<RootsForCall> {
    const pems = this.#system();
    if (pems.length === 0) {
      const fix = "mount some and name them by SSL_CERT_FILE, or name the CA's own roots with --ca-root";
      throw new AgentError("ROOTS_UNREADABLE", `the operating system has no roots; ${fix}`);
    }
    return { tls: { toPem: () => pems.join("\n") }, held: this.#isLost() ? undefined : this.#learned };
  }

  with(reply: TrustBundle): TrustBundle {
    return reply;
  }

  learn(reply: TrustBundle): void {
    this.#learned = reply;
  }
}
