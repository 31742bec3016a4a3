import { createServer, type IncomingMessage, type Server } from "node:http";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "../../harness/until.ts";

/** A span as the collector passes it on in OTLP's JSON. */
export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  readonly moments: readonly string[];
  readonly error: string | undefined;
  readonly service: string;
}

/** Receives the traces that a collector exports as JSON over HTTP. */
export class SpanSink implements AsyncDisposable {
  readonly #server: Server;
  readonly spans: SeenSpan[] = [];
  /** All that was received, to search for what must not be in it. */
  text = "";

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#take(request).then(() =>
        response.writeHead(200, { "content-type": "application/json" }).end("{}"),
      );
    });
  }

  static async start(): Promise<SpanSink> {
    const sink = new SpanSink();
    await new Promise<void>((resolve) => sink.#server.listen(0, "127.0.0.1", resolve));
    return sink;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the sink does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  of(traceId: string): readonly SeenSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** Waits until a trace has so many spans, and returns them. */
  async trace(traceId: string, count: number): Promise<readonly SeenSpan[]> {
    return untilSeen(`${count} spans of ${traceId}`, patienceMs, () => {
      const found = this.of(traceId);
      return found.length >= count ? found : undefined;
    });
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    this.text += text;
    this.spans.push(...spansIn(JSON.parse(text)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly events?: readonly { readonly name: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface JsonTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

const failed = 2;

function spansIn({ resourceSpans }: JsonTraces): readonly SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)["service.name"]);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => seenSpan(span, service)));
  });
}

function seenSpan(span: JsonSpan, service: string): SeenSpan {
  const { traceId, spanId, parentSpanId = "", name, kind, attributes = [], events = [], status } = span;
  return {
    ...{ traceId, spanId, parentSpanId, name, kind, service, attributes: valuesOf(attributes) },
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    moments: events.map((event) => event.name),
    error: status?.code === failed ? (status.message ?? "") : undefined,
  };
}

function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
