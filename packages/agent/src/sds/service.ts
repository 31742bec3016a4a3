import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
  deltaSecrets,
  fetchSecrets,
  type Method,
  streamSecrets,
} from "@kasbah/protocol/workload";
import type { Clock } from "@kasbah/runtime";
import { type Route, type StreamCall, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import { fetchNow } from "./fetch-secrets.ts";
import type { ResourceProvider } from "./resource-catalog.ts";
import { SecretUpdates, type UpdateSubscriber } from "./secret-updates.ts";
import { DeltaStream } from "./stream/delta-stream.ts";
import { pacedSend } from "./stream/paced-send.ts";
import type { SdsStream, StreamDeps } from "./stream/sds-stream.ts";
import { SotwStream } from "./stream/sotw-stream.ts";
import type { RefusedResource, StreamView } from "./stream/stream-record.ts";
import type { StreamEvent } from "./subscription/stream-event.ts";

/** Observes streams, for the log and the metrics. */
export interface StreamObserver {
  onOpened(): void;
  onClosed(): void;
  onEvent(event: StreamEvent): void;
}

export interface SecretServiceDeps {
  readonly catalog: ResourceProvider;
  readonly observer: StreamObserver;
  readonly clock: Clock;
  /** Maximum open calls, across all methods and connections; 4096 by default. */
  readonly maxStreams?: number;
}

/** Creates a stream of one protocol for a call. */
type NewStream<Request, Response> = (deps: StreamDeps<Response>) => SdsStream<Request>;

/**
 * `StreamSecrets`, `DeltaSecrets` and `FetchSecrets` over one catalog of names. A stream that subscribes
 * before a secret exists stays open; every stream receives a changed secret immediately.
 */
export class SecretService {
  readonly routes: readonly Route[];
  readonly #deps: SecretServiceDeps;
  readonly #updates: SecretUpdates;
  readonly #streams = new Set<Pick<SdsStream<unknown>, "view" | "unserved" | "refused">>();
  #calls = 0;

  constructor(deps: SecretServiceDeps) {
    this.#deps = deps;
    this.#updates = new SecretUpdates(deps.catalog);
    const { catalog, clock } = deps;
    const fetchDeps = { catalog, clock, updates: this.#updates };
    this.routes = [
      this.#streaming<DiscoveryRequest, DiscoveryResponse>(
        streamSecrets,
        (streamDeps) => new SotwStream(streamDeps),
      ),
      this.#streaming<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
        deltaSecrets,
        (streamDeps) => new DeltaStream(streamDeps),
      ),
      unaryRoute({
        ...messagesOf(fetchSecrets),
        handle: (call) => this.#admit(() => fetchNow(call, fetchDeps)),
      }),
    ];
  }

  /** The oldest open streams, for the status page. */
  streams(most = Number.POSITIVE_INFINITY): readonly StreamView[] {
    return [...this.#streams].slice(0, most).map(({ view }) => view);
  }

  /** Names that open streams request and the agent does not serve, a limited number of each stream. */
  *unserved(): Iterable<string> {
    for (const stream of this.#streams) yield* stream.unserved;
  }

  /** What open streams have NACKed and not replaced since; a name appears once for each stream. */
  *refused(): Iterable<RefusedResource> {
    for (const stream of this.#streams) yield* stream.refused;
  }

  /** The number of names that are watched for the open streams. */
  get watched(): number {
    return this.#updates.watched;
  }

  #streaming<Request, Response>(
    method: Method<Request, Response>,
    create: NewStream<Request, Response>,
  ): Route {
    return streamRoute({
      ...messagesOf(method),
      handle: (call) => this.#admit(() => this.#serve(call, create)),
    });
  }

  async #admit<Result>(answer: () => Promise<Result>): Promise<Result> {
    const { maxStreams = 4096 } = this.#deps;
    if (this.#calls >= maxStreams) {
      const message = `${maxStreams} calls are open, which is the maximum; find the client that does not close its calls`;
      throw new AgentError("SDS_BUSY", message);
    }
    this.#calls += 1;
    try {
      return await answer();
    } finally {
      this.#calls -= 1;
    }
  }

  async #serve<Request, Response>(
    call: StreamCall<Request, Response>,
    create: NewStream<Request, Response>,
  ): Promise<void> {
    const { catalog, clock, observer } = this.#deps;
    const onEvent = (event: StreamEvent) => observer.onEvent(event);
    const stream = create({ catalog, clock, onEvent, send: pacedSend((response) => call.send(response)) });
    const broken = Promise.withResolvers<never>();
    const subscriber = {
      update: (changed: readonly string[]) =>
        orElse(broken.reject, () => {
          stream.update(changed);
          this.#updates.subscribe(subscriber, stream.names);
        }),
    };
    this.#streams.add(stream);
    observer.onOpened();
    try {
      await Promise.race([broken.promise, this.#answer(call.requests, stream, subscriber)]);
    } catch (error) {
      if (error instanceof AgentError && error.code === "CLIENT_TOO_SLOW") onEvent({ kind: "too-slow" });
      throw error;
    } finally {
      this.#updates.unsubscribe(subscriber);
      this.#streams.delete(stream);
      observer.onClosed();
    }
  }

  async #answer<Request>(
    requests: AsyncIterable<Request>,
    stream: SdsStream<Request>,
    subscriber: UpdateSubscriber,
  ): Promise<void> {
    for await (const request of requests) {
      // A closed stream may have a pending request, which must not subscribe to anything.
      if (!this.#streams.has(stream)) return;
      stream.receive(request);
      this.#updates.subscribe(subscriber, stream.names);
    }
  }
}

/** An error of one stream must not keep the others from being notified. */
function orElse(onError: (error: unknown) => void, act: () => void): void {
  try {
    act();
  } catch (error) {
    onError(error);
  }
}

function messagesOf<Request, Response>({ path, request, response }: Method<Request, Response>) {
  return {
    path,
    encode: (message: Response) => response.encode(message),
    decode(body: Uint8Array): Request {
      try {
        return request.decode(body);
      } catch (cause) {
        throw new AgentError("REQUEST_MALFORMED", "the message is not a secret discovery request", {
          cause,
        });
      }
    },
  };
}
