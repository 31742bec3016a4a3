import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { AgentError, type AgentErrorCode } from "../errors.ts";
import type { FetchedSecret, SecretSource } from "../rotation/rotator.ts";

/** A source and the address of its CA. */
export interface SourceAt {
  readonly address: HostPort;
  readonly source: SecretSource;
}

/**
 * Errors for which another CA is tried immediately, the most serious first. A refusal is not among them: all
 * CAs of a mesh decide alike, and a refused fleet must not query each of them every time.
 */
const othersMayHelp: readonly AgentErrorCode[] = [
  "CA_IDENTITY_MISMATCH",
  "CA_REPLY_INVALID",
  "CA_UNAVAILABLE",
  "CA_UNREACHABLE",
];

/**
 * Tries several CAs in order, starting with the last one that succeeded. After a refusal the next attempt
 * starts with the next CA, because the refusal may be caused by a failing backend of that CA.
 */
export class SourcesInTurn implements SecretSource {
  readonly #sources: readonly SourceAt[];
  #first = 0;

  constructor(sources: readonly SourceAt[]) {
    this.#sources = sources;
  }

  /** A single CA's error is thrown unchanged; errors of several CAs are combined into one. */
  async fetch(signal: AbortSignal): Promise<FetchedSecret> {
    const failures: { readonly address: HostPort; readonly error: AgentError }[] = [];
    for (const { address, source } of this.#inTurn()) {
      try {
        const secret = await source.fetch(signal);
        this.#first = this.#sources.findIndex((one) => one.source === source);
        return secret;
      } catch (error) {
        if (error instanceof AgentError && error.code === "CA_REFUSED") this.#beginAfter(source);
        if (!(error instanceof AgentError) || !othersMayHelp.includes(error.code)) throw error;
        failures.push({ address, error });
      }
    }
    const [only, ...more] = failures;
    if (only !== undefined && more.length === 0) throw only.error;
    throw summarize(failures);
  }

  #beginAfter(source: SecretSource): void {
    const index = this.#sources.findIndex((one) => one.source === source);
    this.#first = (index + 1) % this.#sources.length;
  }

  #inTurn(): readonly SourceAt[] {
    return [...this.#sources.slice(this.#first), ...this.#sources.slice(0, this.#first)];
  }
}

function summarize(
  failures: readonly { readonly address: HostPort; readonly error: AgentError }[],
): AgentError {
  const errors = failures.map(({ error }) => error);
  const code = othersMayHelp.find((each) => errors.some((error) => error.code === each)) ?? "CA_UNREACHABLE";
  const named = errors.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  const messages = failures.map(
    ({ address, error }) => `${formatHostPort(address)}: ${error.code}, ${error.message}`,
  );
  return new AgentError(code, `none of ${failures.length} CAs issued a certificate: ${messages.join("; ")}`, {
    cause: errors[0],
    ...(named.length === 0 ? {} : { retryAfterMs: Math.min(...named) }),
  });
}
