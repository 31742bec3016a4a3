import { type BundleFile, PkiError, readBundle, type TrustBundle } from "@kasbah/pki";
import type { Logger } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import { readOperatorFile, UnreadableFileError } from "../../operator-file.ts";
import type { SkippedRootsObserver } from "../../secret/skipped-roots.ts";

/** Enough for several bundles of all public CAs. */
export const maxRootsBytes = 1024 * 1024;

/** The roots for one call. */
export interface RootsForCall {
  /** The only roots under which the CA's TLS certificate may verify. */
  readonly tls: Pick<TrustBundle, "toPem">;
  /**
   * The only roots under which the CA's reply may verify; undefined if the TLS connection vouches for the
   * roots in the reply.
   */
  readonly held: TrustBundle | undefined;
  /** The roots in the root file, which the agent still trusts after a restart; undefined without a file. */
  readonly inFile: TrustBundle | undefined;
}

/** The roots that the agent trusts, which change as the CA rotates. */
export interface TrustedRoots {
  /** Reads the roots again for each call. Throws ROOTS_UNREADABLE. */
  forCall(): Promise<RootsForCall>;
  /** Returns the roots that would be trusted after `learn(reply)`. */
  with(reply: TrustBundle): TrustBundle;
  /** Must be called only after the leaf of the reply and the TLS of the call have been verified. */
  learn(reply: TrustBundle): void;
}

export interface HeldRootsOptions {
  /**
   * Whether the agent writes its own bundle to this file. The roots learned from a reply then replace the
   * file's roots; otherwise a removed root would be read back and stay trusted.
   */
  readonly isOurOutput?: boolean;
  readonly skippedRoots?: SkippedRootsObserver;
}

/**
 * The trusted roots: those of the file, read for every call, and those learned from the last verified reply.
 * They decide which CA receives the token and which reply is accepted.
 */
export class HeldRoots implements TrustedRoots {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #isOurOutput: boolean;
  readonly #skippedRoots: SkippedRootsObserver | undefined;
  #file: TrustBundle | undefined;
  #learned: TrustBundle | undefined;

  constructor(path: string, logger: Logger, { isOurOutput = false, skippedRoots }: HeldRootsOptions = {}) {
    this.#path = path;
    this.#logger = logger;
    this.#isOurOutput = isOurOutput;
    this.#skippedRoots = skippedRoots;
  }

  /**
   * Throws ROOTS_UNREADABLE if the file has never been read successfully; later failures keep the previous
   * roots.
   */
  async load(): Promise<TrustBundle> {
    try {
      const { bundle, skipped } = await readRootFile(this.#path);
      this.#file = bundle;
      this.#skippedRoots?.onSkippedRoots(this.#path, skipped);
    } catch (error) {
      if (this.#file === undefined) throw error;
      this.#logger.warn("cannot read the root file; keeping the previous roots", { error });
    }
    return this.#learned ? this.with(this.#learned) : this.#file;
  }

  async forCall(): Promise<RootsForCall> {
    const held = await this.load();
    return { tls: held, held, inFile: this.#file };
  }

  /** The roots of `reply` would replace the learned roots; the file's roots stay. */
  with(reply: TrustBundle): TrustBundle {
    return this.#file && !this.#isOurOutput ? this.#file.union(reply) : reply;
  }

  /** The roots of the last learned reply. */
  get learned(): TrustBundle | undefined {
    return this.#learned;
  }

  /**
   * Must be called only after the leaf and the TLS of the call have been verified under roots that were
   * already trusted.
   */
  learn(reply: TrustBundle): void {
    this.#learned = reply;
  }
}

/** Throws ROOTS_UNREADABLE. */
async function readRootFile(path: string): Promise<BundleFile> {
  try {
    return readBundle(await readOperatorFile(path, maxRootsBytes, "mount them there, or set --ca-root"));
  } catch (cause) {
    if (cause instanceof UnreadableFileError) throw unreadable(cause.message, cause.cause);
    if (cause instanceof PkiError)
      throw unreadable(`${path}: ${cause.message}; write them there as PEM`, cause);
    throw cause;
  }
}

function unreadable(problem: string, cause: unknown): AgentError {
  return new AgentError("ROOTS_UNREADABLE", `cannot read the CA's roots in ${problem}`, { cause });
}
