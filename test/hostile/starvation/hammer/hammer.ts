import { connect, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectTls } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { callOn } from "../../http2/grpc-call.ts";

/** A caller that requests certificates with valid tokens as fast as it can. */
export interface HammerOrders {
  readonly port: number;
  readonly rootPem: string;
  /** The source addresses, used in turn: each connection has one. */
  readonly addresses: readonly string[];
  readonly connections: number;
  /** Concurrent calls on each connection. */
  readonly atOnce: number;
  readonly tokens: readonly string[];
  /** Request messages in their gRPC frames. */
  readonly bodies: readonly Uint8Array[];
}

/** The calls so far: those with a certificate, those over the rate, and all others by their code. */
export interface HammerCounts {
  issued: number;
  limited: number;
  readonly others: Record<string, number>;
  /** One of the refusals. */
  refusal: string;
}

const resourceExhausted = 8;

const orders: HammerOrders = workerData;
const counts: HammerCounts = { issued: 0, limited: 0, others: {}, refusal: "" };
let isStopping = false;
const calls = Array.from({ length: orders.connections }, (_, index) => hammer(index));
parentPort?.once("message", async () => {
  isStopping = true;
  await Promise.all(calls);
  parentPort?.postMessage(counts);
});

async function hammer(index: number): Promise<void> {
  const { port, rootPem: ca, addresses, atOnce } = orders;
  const options = { host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] };
  const localAddress = addresses[index % addresses.length];
  const createConnection = () => connectTls({ ...options, localAddress } as never);
  const session = connect(`https://127.0.0.1:${port}`, { createConnection });
  session.on("error", () => {});
  const worker = async (first: number) => {
    for (let count = first; !isStopping && !session.destroyed; count += atOnce) await callAs(count);
  };
  const callAs = async (count: number) => {
    const { tokens, bodies } = orders;
    const headers: OutgoingHttpHeaders = { authorization: `Bearer ${tokens[count % tokens.length]}` };
    const { status, message } = await callOn(
      session,
      bodies[count % bodies.length] ?? Buffer.alloc(0),
      headers,
    );
    if (status === 0) counts.issued += 1;
    else if (status === resourceExhausted && message.startsWith("RATE_LIMITED")) {
      counts.limited += 1;
      counts.refusal = message;
    } else {
      const code = message.split(":", 1)[0] ?? "";
      counts.others[code] = (counts.others[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, first) => worker(index + first)));
  session.destroy();
}
