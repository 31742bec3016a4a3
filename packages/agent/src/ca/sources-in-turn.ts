import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { AgentError, type AgentErrorCode } from "../errors.ts";
import type { FetchedSecret, SecretSource } from "../rotation/rotator.ts";

/** A CA, and where it is. */
export interface SourceAt {
  readonly address: HostPort;
  readonly source: SecretSource;
}

/**
 * What another CA may mend at once, the gravest first. A refusal of ours is not among it: CAs of one mesh decide alike, and a
 * fleet that is refused must not ask all of them each time.
 */
const othersMayHelp: readonly AgentErrorCode[] = ["CA_REPLY_INVALID", "CA_UNAVAILABLE", "CA_UNREACHABLE"];

/**
 * Several CAs, asked one after the other, beginning with the one that answered well last. After a refusal the next attempt
 * begins with the next CA: some refuse because something behind them fails.
 */
export class SourcesInTurn implements SecretSource {
  readonly #sources: readonly SourceAt[];
  #first = 0;

  constructor(sources: readonly SourceAt[]) {
    this.#sources = sources;
  }

  /** Throws the failure of a single CA as it is; of several, one failure that names what each said. */
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
  const told = failures.map(
    ({ address, error }) => `${formatHostPort(address)}: ${error.code}, ${error.message}`,
  );
  return new AgentError(code, `none of ${failures.length} CAs gave a certificate: ${told.join("; ")}`, {
    cause: errors[0],
    ...(named.length === 0 ? {} : { retryAfterMs: Math.min(...named) }),
  });
}
