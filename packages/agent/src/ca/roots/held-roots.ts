import { parseTrustBundle, type TrustBundle } from "@kasbah/pki";
import type { Logger } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import { AgentError } from "../../errors.ts";

/** Some hundred roots. */
export const maxRootsBytes = 256 * 1024;

/** What one call is made under. */
export interface RootsForCall {
  /** The only roots under which the CA's TLS may verify. */
  readonly tls: Pick<TrustBundle, "toPem">;
  /** The only roots under which its reply may; undefined: the TLS vouches for those that the reply brings. */
  readonly held: TrustBundle | undefined;
}

/** Whom we trust, and how that changes. */
export interface TrustedRoots {
  /** Read anew for each call. Throws ROOTS_UNREADABLE. */
  forCall(): Promise<RootsForCall>;
  /** What we would hold if `reply` were learned. */
  with(reply: TrustBundle): TrustBundle;
  /** Call with the roots of a reply only after its leaf and the call's TLS verified. */
  learn(reply: TrustBundle): void;
}

export interface HeldRootsOptions {
  /**
   * The file is where our own bundle is written to: once a reply was learned, its roots are all that we hold, or what was
   * written there would be read back and never leave.
   */
  readonly isOurOutput?: boolean;
}

/**
 * The roots that we hold: those of the file, read anew for every call, and those learned from the last reply that
 * verified. They decide which CA gets our token and which reply is believed.
 */
export class HeldRoots implements TrustedRoots {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #isOurOutput: boolean;
  #file: TrustBundle | undefined;
  #learned: TrustBundle | undefined;

  constructor(path: string, logger: Logger, { isOurOutput = false }: HeldRootsOptions = {}) {
    this.#path = path;
    this.#logger = logger;
    this.#isOurOutput = isOurOutput;
  }

  /** Throws ROOTS_UNREADABLE when the file is missing or malformed and was never read; later the last good one stays. */
  async load(): Promise<TrustBundle> {
    try {
      this.#file = parseTrustBundle(await readBoundedFile(this.#path, maxRootsBytes));
    } catch (cause) {
      const message = `the CA's roots in ${this.#path} cannot be read; mount them there, or name their file with --ca-root`;
      const error = new AgentError("ROOTS_UNREADABLE", message, { cause });
      if (this.#file === undefined) throw error;
      this.#logger.warn("the root file cannot be read, the roots read before stay", { error });
    }
    return this.#learned ? this.with(this.#learned) : this.#file;
  }

  async forCall(): Promise<RootsForCall> {
    const held = await this.load();
    return { tls: held, held };
  }

  /** What we would hold if `reply` were learned: its roots replace those learned before, the file's stay. */
  with(reply: TrustBundle): TrustBundle {
    return this.#file && !this.#isOurOutput ? this.#file.union(reply) : reply;
  }

  /** The roots of the last reply that was learned. */
  get learned(): TrustBundle | undefined {
    return this.#learned;
  }

  /** Call with the roots of a reply only after its leaf and the call's TLS verified under roots already held. */
  learn(reply: TrustBundle): void {
    this.#learned = reply;
  }
}
