import { X509Certificate } from "node:crypto";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { createConnection } from "node:net";
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  type SdsSecret,
  secretTypeUrl,
  streamSecrets,
} from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "./until.ts";

/** A response with the time of its arrival. */
export interface Received extends DiscoveryResponse {
  readonly at: Date;
}

type Identity = Extract<SdsSecret, { kind: "tlsCertificate" }>;

/** The parsed `default` secret, together with the secret as it was sent. */
export interface ReceivedLeaf {
  readonly leaf: X509Certificate;
  readonly key: string;
  readonly at: Date;
  readonly secret: Identity;
}

/**
 * One connection with one stream, like Envoy's. It uses raw HTTP/2, so that ten thousand clients are cheap
 * and may misbehave.
 */
export class SdsClient implements Disposable {
  readonly received: Received[] = [];
  /** The gRPC status with which the server ended the stream. */
  status: number | undefined;
  /** Whether the connection or the stream has closed. */
  isClosed = false;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #pending = Buffer.alloc(0);

  constructor(socket: string) {
    this.#session = connect("http://localhost", { createConnection: () => createConnection(socket) });
    this.#session.on("error", () => this.#close());
    this.#session.on("close", () => this.#close());
    this.#stream = this.#session.request({
      ":method": "POST",
      ":path": streamSecrets.path,
      te: "trailers",
      "content-type": "application/grpc",
    });
    this.#stream.on("response", (headers) => this.#note(headers["grpc-status"]));
    this.#stream.on("trailers", (headers) => this.#note(headers["grpc-status"]));
    this.#stream.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#stream.on("error", () => this.#close());
    this.#stream.on("close", () => this.#close());
  }

  /** Sends a request on the stream: by default the first request of an Envoy that wants both secrets. */
  say(request: Partial<DiscoveryRequest> = {}): void {
    this.write(
      streamSecrets.request.encode({
        versionInfo: "",
        nodeId: "test",
        resourceNames: ["default", "ROOTCA"],
        typeUrl: secretTypeUrl,
        responseNonce: "",
        ...request,
      }),
    );
  }

  /** Sends arbitrary bytes as one message. */
  write(message: Uint8Array): void {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    this.#stream.write(Buffer.concat([prefix, message]));
  }

  /** Every `default` received so far, oldest first. */
  get leaves(): readonly ReceivedLeaf[] {
    return this.received.flatMap(({ resources, at }) =>
      resources.filter(isIdentity).map((secret) => ({
        leaf: new X509Certificate(secret.certificateChain),
        key: Buffer.from(secret.privateKey).toString(),
        at,
        secret,
      })),
    );
  }

  /** Every `ROOTCA` received so far, oldest first. */
  get roots(): readonly string[] {
    return this.received.flatMap(({ resources }) =>
      resources.flatMap((one) =>
        one.kind === "validationContext" ? [Buffer.from(one.trustedCa).toString()] : [],
      ),
    );
  }

  /** Resolves with the newest `default` once more than `known` have arrived. */
  async nextLeaf(known = this.leaves.length): Promise<ReceivedLeaf> {
    return untilSeen("leaf on the stream", patienceMs, () => {
      const { leaves } = this;
      if (this.isClosed) throw new Error(`the stream was closed with status ${this.status}`);
      return leaves.length > known ? leaves.at(-1) : undefined;
    });
  }

  async untilClosed(): Promise<void> {
    await untilSeen("end of the stream", patienceMs, () => this.isClosed || undefined);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }

  #note(status: unknown): void {
    if (status === undefined) return;
    this.status = Number(status);
    this.#close();
  }

  #close(): void {
    this.isClosed = true;
    this.#session.destroy();
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 5) {
      const end = 5 + this.#pending.readUInt32BE(1);
      if (this.#pending.length < end) return;
      const response = streamSecrets.response.decode(this.#pending.subarray(5, end));
      this.received.push({ ...response, at: systemClock.now() });
      this.#pending = this.#pending.subarray(end);
    }
  }
}

/** Opens a stream, subscribes, and closes it when `default` has arrived, like a new Envoy. */
export async function fetchLeaf(socket: string): Promise<ReceivedLeaf> {
  using client = new SdsClient(socket);
  client.say();
  return await client.nextLeaf(0);
}

/** Fetches the chain and the key as they were sent. */
export async function fetchSecret(socket: string): Promise<Identity> {
  return (await fetchLeaf(socket)).secret;
}

const isIdentity = (secret: SdsSecret): secret is Identity => secret.kind === "tlsCertificate";
