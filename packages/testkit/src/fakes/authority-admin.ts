import {
  type AuthorityStatusMessage,
  abortRotation,
  adoptAuthorityChain,
  continueRotation,
  type DecisionMessage,
  type DistrustPreviewMessage,
  distrustAuthority,
  explainCall,
  explainIdentity,
  getAuthorityStatus,
  getOverview,
  type IdentityExplanationMessage,
  type Method,
  moveCaState,
  type NewRequestMessage,
  type OverviewMessage,
  pauseRotation,
  previewDistrust,
  recallAuthority,
  requestAuthority,
  resumeRotation,
  rotateAuthority,
} from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type Route, type RpcStatus, unaryRoute } from "@kasbah/runtime/rpc";
import { FakeRefusal } from "./ca.ts";

/** A request of an operator. */
export interface FakeAdminCall {
  readonly method:
    | "status"
    | "rotate"
    | "continue"
    | "csr"
    | "adopt"
    | "pause"
    | "resume"
    | "abort"
    | "recall"
    | "move"
    | "distrust"
    | "preview-distrust"
    | "explain-call"
    | "overview"
    | "explain-identity";
  readonly request: object;
  /** The operator's name. */
  readonly operator: string | undefined;
}

/** A CA's admin socket that does nothing, logs its calls and answers from a list. */
export interface FakeAuthorityAdmin {
  readonly calls: readonly FakeAdminCall[];
  /** The next answers; the last one is repeated. */
  answers: readonly AuthorityStatusMessage[];
  /** The answer to a dry run of distrust. */
  preview: DistrustPreviewMessage | undefined;
  /** The answers about a call and about an identity; undefined means that the call is unknown. */
  decision: DecisionMessage | undefined;
  explanation: IdentityExplanationMessage | undefined;
  /** If undefined, the CA has an earlier release, which does not know the question. */
  overview: OverviewMessage | undefined;
  /** The answer to a request for a CSR. */
  request: NewRequestMessage | undefined;
  /** If set, every request is refused with this status. */
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
    if (next === undefined) throw new TypeError("the test has set no answer for the fake");
    if (later.length > 0) fake.answers = later;
    return next;
  };
  const answerFor = <Response>(call: FakeAdminCall, known: Response | undefined): Response => {
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
    route("continue", continueRotation, answer),
    route("csr", requestAuthority, (call) => answerFor(call, fake.request)),
    route("adopt", adoptAuthorityChain, answer),
    route("pause", pauseRotation, answer),
    route("resume", resumeRotation, answer),
    route("abort", abortRotation, answer),
    route("recall", recallAuthority, answer),
    route("move", moveCaState, (call) => {
      calls.push(call);
      if (fake.refusal !== undefined) throw new FakeRefusal(fake.refusal);
      return { from: "the fake's directory", to: "the fake's Secret", rootFingerprint: "ab12" };
    }),
    route("distrust", distrustAuthority, answer),
    route("preview-distrust", previewDistrust, (call) => answerFor(call, fake.preview)),
    route("explain-call", explainCall, (call) => answerFor(call, fake.decision)),
    route("overview", getOverview, (call) => {
      calls.push(call);
      if (fake.overview !== undefined) return fake.overview;
      throw new FakeRefusal({ code: 12, message: "unknown method" });
    }),
    route("explain-identity", explainIdentity, (call) => answerFor(call, fake.explanation)),
  ];
  const server = new Http2Server({ routes, toStatus });
  const fake: FakeAuthorityAdmin = {
    calls,
    answers: [],
    preview: undefined,
    decision: undefined,
    request: undefined,
    explanation: undefined,
    overview: undefined,
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

/** Failures of the fake or the test become the status UNKNOWN with their message. */
function toStatus(error: unknown): RpcStatus {
  return error instanceof FakeRefusal ? error.status : { code: 2, message: String(error) };
}
