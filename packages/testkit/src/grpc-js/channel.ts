import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import {
  type CallOptions,
  type Channel,
  type ChannelTarget,
  type ClientMethod,
  type ClientStream,
  RpcError,
} from "@kasbah/runtime/rpc";
import { channelTls } from "./channel-tls.ts";

const channelOptions: ChannelOptions = {
  // The caller decides about retries.
  "grpc.enable_retries": 0,
  // A token must not pass through the proxy in http_proxy.
  "grpc.enable_http_proxy": 0,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
};

/** A client that shares no code with our transports: what tests and benchmarks call our servers with. */
export class GrpcJsChannel implements Channel {
  readonly #client: Client;

  constructor(target: ChannelTarget, options?: { readonly maxResponseBytes?: number }) {
    const limits = { "grpc.max_receive_message_length": options?.maxResponseBytes ?? 4 * 1024 * 1024 };
    const { address, security, options: ofTarget } = targetOf(target);
    this.#client = new Client(address, security, { ...channelOptions, ...limits, ...ofTarget });
  }

  unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        (message: Request) => Buffer.from(method.request.encode(message)),
        (bytes: Buffer) => method.response.decode(bytes),
        request,
        metadataOf(options.metadata),
        { deadline: systemClock.now().getTime() + options.deadlineMs },
        (error, response) => {
          options.signal?.removeEventListener("abort", cancel);
          if (error) reject(rpcErrorOf(error));
          else if (response === undefined) reject(new TypeError("the call ended without a response"));
          else resolve(response);
        },
      );
      const cancel = () => call.cancel();
      options.signal?.addEventListener("abort", cancel, { once: true });
      if (options.signal?.aborted) cancel();
    });
  }

  stream<Request, Response>(method: ClientMethod<Request, Response>): ClientStream<Request, Response> {
    const call = this.#client.makeBidiStreamRequest(
      method.path,
      (message: Request) => Buffer.from(method.request.encode(message)),
      (bytes: Buffer) => method.response.decode(bytes),
      new Metadata(),
    );
    return {
      send: (request) => call.write(request),
      responses: responsesOf(call),
      cancel: () => call.cancel(),
    };
  }

  close(): void {
    this.#client.close();
  }
}

function targetOf(target: ChannelTarget) {
  if ("unixPath" in target) {
    return { address: `unix://${target.unixPath}`, security: credentials.createInsecure(), options: {} };
  }
  const { credentials: security, options } = channelTls(target.address, target.rootsPem);
  return { address: formatHostPort(target.address), security, options };
}

async function* responsesOf<Request, Response>(
  call: ClientDuplexStream<Request, Response>,
): AsyncIterable<Response> {
  try {
    yield* call;
  } catch (error) {
    throw isServiceError(error) ? rpcErrorOf(error) : error;
  }
}

function metadataOf(values: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}

function rpcErrorOf(error: ServiceError): RpcError {
  const [details] = error.metadata.get("grpc-status-details-bin");
  const pushback = Number(error.metadata.get("grpc-retry-pushback-ms")[0]);
  return new RpcError(
    {
      code: error.code,
      message: error.details,
      ...(Number.isFinite(pushback) && pushback >= 0 ? { retryAfterMs: pushback } : {}),
      ...(details instanceof Buffer ? { details } : {}),
    },
    { cause: error },
  );
}
