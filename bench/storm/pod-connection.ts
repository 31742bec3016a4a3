import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { createCertificate } from "@kasbah/protocol";
import type { StormPlan, StormPod } from "./plan.ts";

/** The server's part of an attempt. */
export type Answer =
  | { readonly kind: "served"; readonly leafPem: string }
  /** With a gRPC status. The connection stays open. */
  | { readonly kind: "refused"; readonly status: string; readonly retryAfterMs: number }
  /** The connection failed, or ended without an answer. */
  | { readonly kind: "lost"; readonly reason: string };

export interface PodConnectionOptions {
  readonly plan: Pick<StormPlan, "port" | "headers">;
  readonly pod: StormPod;
  readonly context: SecureContext;
  /** For the connection; and for a call, if it is finite. */
  readonly dialTimeoutMs: number;
  readonly callTimeoutMs: number;
}

/** Parsed once for all pods, as each of them does once in its own process. */
export function contextOf({ rootPem }: Pick<StormPlan, "rootPem">): SecureContext {
  return createSecureContext({ ca: rootPem, minVersion: "TLSv1.3" });
}

const fixed = {
  ":method": "POST",
  ":path": createCertificate.path,
  te: "trailers",
  "content-type": "application/grpc",
};

/** A pod's connection to the CA: its own TCP and TLS, without a session to resume. */
export class PodConnection {
  readonly #options: PodConnectionOptions;
  readonly #session: ClientHttp2Session;
  readonly #connected: Promise<Answer | undefined>;

  constructor(options: PodConnectionOptions) {
    const { plan, pod, context, dialTimeoutMs } = options;
    this.#options = options;
    const target = { host: "127.0.0.1", port: plan.port, localAddress: pod.address };
    const socket = connectTls({ ...target, secureContext: context, ALPNProtocols: ["h2"] } as never);
    this.#session = connect(`https://127.0.0.1:${plan.port}`, { createConnection: () => socket });
    this.#connected = new Promise((resolve) => {
      const late = setTimeout(() => this.#lose("dial timeout", resolve), dialTimeoutMs);
      this.#session.once("connect", () => {
        clearTimeout(late);
        resolve(undefined);
      });
      this.#session.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        this.#lose(error.code ?? error.message, resolve);
      });
      this.#session.once("close", () => {
        clearTimeout(late);
        this.#lose("closed", resolve);
      });
    });
  }

  get isOpen(): boolean {
    return !this.#session.destroyed && !this.#session.closed;
  }

  close(): void {
    this.#session.destroy();
  }

  async call(): Promise<Answer> {
    const lost = await this.#connected;
    if (lost !== undefined) return lost;
    return this.isOpen ? this.#request() : { kind: "lost", reason: "closed" };
  }

  #request(): Promise<Answer> {
    const { plan, pod, callTimeoutMs } = this.#options;
    const order = { csr: pod.csr, validityDurationSeconds: 86_400, impersonatedIdentity: "", certSigner: "" };
    const metadata: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    const authorization = `Bearer ${pod.token}`;
    const stream = this.#session.request({ ...fixed, ...plan.headers, authorization });
    if (Number.isFinite(callTimeoutMs)) stream.setTimeout(callTimeoutMs, () => stream.destroy());
    stream.on("response", (received) => void Object.assign(metadata, received));
    stream.on("trailers", (received) => void Object.assign(metadata, received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => {});
    stream.end(framed(createCertificate.request.encode(order)));
    return new Promise((resolve) => {
      stream.once("close", () => resolve(answerOf(metadata, Buffer.concat(chunks))));
    });
  }

  #lose(reason: string, resolve: (answer: Answer) => void): void {
    resolve({ kind: "lost", reason });
    this.#session.destroy();
  }
}

function answerOf(metadata: IncomingHttpHeaders, body: Buffer): Answer {
  const status = metadata["grpc-status"];
  if (status === undefined) return { kind: "lost", reason: "reset" };
  if (status === "0") {
    const [leafPem = ""] = createCertificate.response.decode(body.subarray(5)).certChain;
    return { kind: "served", leafPem };
  }
  const message = decodeURIComponent(String(metadata["grpc-message"] ?? ""));
  const [code = ""] = /^[A-Z_]+(?=:)/.exec(message) ?? [];
  const retryAfterMs = Number(metadata["grpc-retry-pushback-ms"] ?? 0);
  return { kind: "refused", status: `${status} ${code}`.trim(), retryAfterMs };
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
