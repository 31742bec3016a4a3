import {
  type AuthorityStatusMessage,
  abortRotation,
  type DecisionMessage,
  explainCall,
  explainIdentity,
  getAuthorityStatus,
  type IdentityExplanationMessage,
  type Method,
  pauseRotation,
  resumeRotation,
  rotateAuthority,
} from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type Route, type RpcStatus, unaryRoute } from "@kasbah/runtime/rpc";
import { FakeRefusal } from "./ca.ts";

/** What an operator asked for. */
export interface FakeAdminCall {
  readonly method: "status" | "rotate" | "pause" | "resume" | "abort" | "explain-call" | "explain-identity";
  readonly request: object;
  /** Under which name. */
  readonly operator: string | undefined;
}

/** A CA's socket for operators that does nothing, counts its calls and answers from a list. */
export interface FakeAuthorityAdmin {
  readonly calls: readonly FakeAdminCall[];
  /** The next answers; the last one is given again and again. */
  answers: readonly AuthorityStatusMessage[];
  /** What is told of a call, and of an identity; a call that is not set is not remembered. */
  decision: DecisionMessage | undefined;
  explanation: IdentityExplanationMessage | undefined;
  /** How acts are refused, as long as it is set. */
  refusal: RpcStatus | undefined;
  close(): Promise<void>;
}

/** Serves on a new Unix socket at this path. */
export async function startFakeAuthorityAdmin(path: string): Promise<FakeAuthorityAdmin> {
  const calls: FakeAdminCall[] = [];
  const answer = (call: FakeAdminCall): AuthorityStatusMessage => {
    calls.push(call);
    if (fake.refusal !== undefined && call.method !== "status") throw new FakeRefusal(fake.refusal);
    const [next, ...later] = fake.answers;
    if (next === undefined) throw new TypeError("the test gave the fake no answer");
    if (later.length > 0) fake.answers = later;
    return next;
  };
  const told = <Response>(call: FakeAdminCall, known: Response | undefined): Response => {
    calls.push(call);
    if (known !== undefined) return known;
    throw new FakeRefusal({
      code: 9,
      message: "OPERATION_REFUSED: no call with this reference is remembered",
    });
  };
  const routes = [
    route("status", getAuthorityStatus, answer),
    route("rotate", rotateAuthority, answer),
    route("pause", pauseRotation, answer),
    route("resume", resumeRotation, answer),
    route("abort", abortRotation, answer),
    route("explain-call", explainCall, (call) => told(call, fake.decision)),
    route("explain-identity", explainIdentity, (call) => told(call, fake.explanation)),
  ];
  const server = new Http2Server({ routes, toStatus });
  const fake: FakeAuthorityAdmin = {
    calls,
    answers: [],
    decision: undefined,
    explanation: undefined,
    refusal: undefined,
    close: () => server.close(0),
  };
  await server.listenUnix(path);
  return fake;
}

function route<Request extends object, Response>(
  method: FakeAdminCall["method"],
  { path, request, response }: Method<Request, Response>,
  answer: (call: FakeAdminCall) => Response,
): Route {
  return unaryRoute({
    path,
    decode: request.decode,
    encode: response.encode,
    handle: async (call) =>
      answer({ method, request: call.request(), operator: call.metadata("kasbah-operator")[0] }),
  });
}

/** A fault of the fake or of the test is the status UNKNOWN with its words. */
function toStatus(error: unknown): RpcStatus {
  return error instanceof FakeRefusal ? error.status : { code: 2, message: String(error) };
}
