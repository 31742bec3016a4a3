import { parseCertificateRequest } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import {
  type CallContext,
  grpcStatus,
  type Route,
  type RpcStatus,
  type ServeBody,
} from "@kasbah/runtime/rpc";
import { RefusedCall } from "../../grpc/refused-call.ts";
import type { ReceivedBody } from "../messages/certificate-order.ts";
import { forwardedHeaders } from "../messages/forwarded-headers.ts";
import type { ToMain } from "../messages/to-main.ts";

interface Waiting {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

const nothing = new Uint8Array();
/** No client reads it. */
const cancelled: RpcStatus = { code: grpcStatus.CANCELLED, message: "the call was cancelled" };

/** The calls of this worker whose answer the main process owes. */
export class ForwardedCalls {
  readonly #main: Pick<ToMain, "authenticate" | "body" | "cancelled">;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(main: Pick<ToMain, "authenticate" | "body" | "cancelled">) {
    this.#main = main;
  }

  /** `CreateCertificate`: the main process decides, first about the caller and then about the order. */
  route(): Route {
    const authenticate = (context: CallContext) => this.#authenticate(context);
    const serve = async (body: Uint8Array, context: CallContext) => (await authenticate(context))(body);
    return { kind: "unary", path: createCertificate.path, serve, authenticate };
  }

  admitted(call: number): void {
    this.#take(call)?.resolve(nothing);
  }

  answered(call: number, body: Uint8Array): void {
    this.#take(call)?.resolve(body);
  }

  refused(call: number, status: RpcStatus): void {
    this.#take(call)?.reject(new RefusedCall(status, { cause: undefined }));
  }

  async #authenticate(context: CallContext): Promise<ServeBody> {
    this.#last = (this.#last + 1) % 2 ** 32;
    const id = this.#last;
    const { peerAddress, signal } = context;
    const headers = forwardedHeaders.map((name) => context.metadata(name));
    this.#main.authenticate(id, { peerAddress, headers, peerCertificates: context.peerCertificates() });
    let isOver = false;
    const cancel = () => {
      this.#waiting.delete(id);
      if (!isOver) this.#main.cancelled(id);
    };
    const over = () => {
      isOver = true;
    };
    signal.addEventListener("abort", cancel, { once: true });
    await this.#answerTo(id).catch((error: unknown) => {
      over();
      throw error;
    });
    return async (body) => {
      if (signal.aborted) throw new RefusedCall(cancelled, { cause: undefined });
      this.#main.body(id, receive(body));
      return this.#answerTo(id).finally(over);
    };
  }

  #answerTo(call: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}

/** Decodes the body, parses its CSR and verifies the proof of possession. */
function receive(body: Uint8Array): ReceivedBody {
  try {
    const request = createCertificate.request.decode(body);
    return { kind: "order", order: { ...request, parsedCsr: () => parseCertificateRequest(request.csr) } };
  } catch (error) {
    return { kind: "malformed", problem: error instanceof Error ? error.message : String(error) };
  }
}
