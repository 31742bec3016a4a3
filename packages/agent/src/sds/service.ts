import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
  deltaSecrets,
  fetchSecrets,
  type Method,
  streamSecrets,
} from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { type Route, type StreamCall, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import { fetchNow } from "./fetch-secrets.ts";
import type { ResourceProvider } from "./resource-provider.ts";
import { SecretUpdates } from "./secret-updates.ts";
import { DeltaStream } from "./stream/delta-stream.ts";
import { pacedSend } from "./stream/paced-send.ts";
import type { OpenStream, StreamOptions } from "./stream/sds-stream.ts";
import { SecretStream } from "./stream/sotw-stream.ts";
import type { StreamView } from "./stream/stream-record.ts";
import type { SubscriptionNote } from "./subscription/stream-event.ts";

/** Told what happens on streams, for log and metrics. */
export interface StreamObserver {
  onOpened(): void;
  onClosed(): void;
  onNote(note: SubscriptionNote): void;
}

export interface SecretServiceOptions {
  readonly catalog: ResourceProvider;
  readonly observer: StreamObserver;
  readonly clock: Clock;
  /** Calls that may be open at a time, of every method and on all connections; 4096 unless given. */
  readonly maxStreams?: number;
}

/** Makes a stream of one protocol for a call. */
type NewStream<Request, Response> = (options: StreamOptions<Response>) => OpenStream<Request>;

/**
 * `StreamSecrets`, `DeltaSecrets` and `FetchSecrets` over one catalog of names. A stream that asks before there is a secret is
 * held open; every stream gets a changed secret at once.
 */
export class SecretService {
  readonly routes: readonly Route[];
  readonly #options: SecretServiceOptions;
  readonly #updates: SecretUpdates;
  readonly #streams = new Set<{ readonly view: StreamView }>();
  #calls = 0;

  constructor(options: SecretServiceOptions) {
    this.#options = options;
    this.#updates = new SecretUpdates(options.catalog);
    const { catalog, clock } = options;
    const world = { catalog, clock, updates: this.#updates };
    this.routes = [
      this.#streaming<DiscoveryRequest, DiscoveryResponse>(streamSecrets, (own) => new SecretStream(own)),
      this.#streaming<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
        deltaSecrets,
        (own) => new DeltaStream(own),
      ),
      unaryRoute({ ...messagesOf(fetchSecrets), handle: (call) => this.#admit(() => fetchNow(call, world)) }),
    ];
  }

  /** The oldest of the open streams, for people to look at. */
  streams(most = Number.POSITIVE_INFINITY): readonly StreamView[] {
    return [...this.#streams].slice(0, most).map(({ view }) => view);
  }

  /** Names that are watched for the open streams. */
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
    const { maxStreams = 4096 } = this.#options;
    if (this.#calls >= maxStreams) {
      const message = `${maxStreams} calls are open, which is the most; find the client that opens them and keeps them`;
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
    const { catalog, clock, observer } = this.#options;
    const note = (one: SubscriptionNote) => observer.onNote(one);
    const stream = create({ catalog, clock, note, send: pacedSend((response) => call.send(response)) });
    const broken = Promise.withResolvers<never>();
    const follower = {
      update: (changed: readonly string[]) =>
        orElse(broken.reject, () => {
          stream.update(changed);
          this.#updates.follow(follower, stream.names);
        }),
    };
    this.#streams.add(stream);
    observer.onOpened();
    try {
      await Promise.race([broken.promise, this.#answer(call.requests, stream, follower)]);
    } catch (error) {
      if (error instanceof AgentError && error.code === "CLIENT_TOO_SLOW") note({ kind: "too-slow" });
      throw error;
    } finally {
      this.#updates.unfollow(follower);
      this.#streams.delete(stream);
      observer.onClosed();
    }
  }

  async #answer<Request>(
    requests: AsyncIterable<Request>,
    stream: OpenStream<Request>,
    follower: { update(changed: readonly string[]): void },
  ): Promise<void> {
    for await (const request of requests) {
      // A broken stream may have a request left: it must follow nothing any more.
      if (!this.#streams.has(stream)) return;
      stream.receive(request);
      this.#updates.follow(follower, stream.names);
    }
  }
}

/** What breaks one stream must not keep the others from being told. */
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
        throw new AgentError("REQUEST_MALFORMED", "the message is not a request of secret discovery", {
          cause,
        });
      }
    },
  };
}
