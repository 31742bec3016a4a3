import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { type CreateCertificateRequest, createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { RpcError } from "@kasbah/runtime/rpc";

const pauseMs = 5;
const deadlineMs = 20_000;
/** The form of a refusal by the CA; the error of a broken connection looks different. */
const refusal = /^([A-Z_]+): .*\(reference [0-9a-f]+\)/s;

/** Many callers that request certificates repeatedly and remember the outcome of each call. */
export class Callers {
  /** Serial numbers of the certificates that arrived. */
  readonly received: string[] = [];
  /** The number of refusals by code. */
  readonly refused = new Map<string, number>();
  /** The number of calls without a known outcome. */
  unknown = 0;
  readonly #order: CreateCertificateRequest;
  readonly #token: string;
  readonly #stopping = new AbortController();
  readonly #loops: readonly Promise<void>[];
  #channel: Http2Channel | undefined;

  private constructor(count: number, order: CreateCertificateRequest, token: string) {
    this.#order = order;
    this.#token = token;
    this.#loops = Array.from({ length: count }, () => this.#ask());
  }

  static async start(count: number, token: string): Promise<Callers> {
    const name = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
    const csr = createCertificateRequest(await createKeyPair("P-256"), name);
    const order = { csr, validityDurationSeconds: 3_600, impersonatedIdentity: "", certSigner: "" };
    return new Callers(count, order, token);
  }

  /** From now on the callers use this CA, over a single connection. */
  meet(port: number, rootsPem: string): void {
    this.#channel = new Http2Channel({ address: { host: "127.0.0.1", port }, rootsPem });
  }

  leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Resolves when the last call has finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    this.leave();
  }

  async #ask(): Promise<void> {
    // Lets the constructor finish first.
    await systemClock.sleep(pauseMs);
    while (!this.#stopping.signal.aborted) {
      if (this.#channel !== undefined) await this.#call(this.#channel);
      await systemClock.sleep(pauseMs);
    }
  }

  async #call(channel: Http2Channel): Promise<void> {
    const metadata = { authorization: `Bearer ${this.#token}` };
    try {
      const { certChain } = await channel.unary(createCertificate, this.#order, { deadlineMs, metadata });
      this.received.push(parseCertificate(certChain[0] ?? "").serial);
    } catch (error) {
      const [, code] = error instanceof RpcError ? (refusal.exec(error.message) ?? []) : [];
      if (code === undefined) this.unknown += 1;
      else this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
    }
  }
}
