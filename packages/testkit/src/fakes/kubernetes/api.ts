import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { text } from "node:stream/consumers";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "../../minting/test-authority.ts";

/** A request that the fake received. */
export interface FakeKubernetesCall {
  readonly method: string;
  /** Including its query, as sent. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** Of a TokenReview. */
  readonly token?: string;
  readonly audiences?: readonly string[];
}

/** The status of a TokenReview, which may be any JSON. */
export type FakeVerdict = (asked: Required<Pick<FakeKubernetesCall, "token" | "audiences">>) => unknown;

export interface FakePod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
  /** Absent until the pod is scheduled. */
  readonly node?: string;
  /** `Running` unless given. */
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
}

/** A fault of the fake: a status instead of the answer, or worse. */
export type FakeTrouble =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | "silent"
  | "cut before the answer"
  | "cut within the answer"
  | "garbage"
  | "huge";

/** A Kubernetes API on loopback over real TLS with token reviews, pods and the faults that a test sets. */
export interface FakeKubernetesApi {
  readonly url: URL;
  /** PEM of the root that its certificate chains to. */
  readonly rootPem: string;
  readonly calls: readonly FakeKubernetesCall[];
  /** The maximum number of concurrent calls. */
  readonly mostAtOnce: number;
  verdict: FakeVerdict;
  pods: readonly FakePod[];
  /** The keys that sign the cluster's tokens; 403 if undefined. */
  jwks: object | undefined;
  /** Undefined for a working API. */
  trouble: FakeTrouble | undefined;
  close(): Promise<void>;
}

export interface FakeApiOptions {
  readonly verdict?: FakeVerdict;
  readonly pods?: readonly FakePod[];
}

export async function startFakeKubernetesApi(options: FakeApiOptions = {}): Promise<FakeKubernetesApi> {
  const authority = await createTestAuthority();
  const server = createServer(await servingIdentity(authority), (request, response) => {
    void api.serve(request, response).catch((error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const api = new FakeApi(server, authority.rootPem, options);
  return api;
}

/** The review of a token that the API server accepts. */
export function acceptedReview(
  username: string,
  audiences: readonly string[],
  extra: Readonly<Record<string, readonly string[]>> = {},
) {
  const groups = ["system:serviceaccounts", "system:authenticated"];
  return { authenticated: true, audiences, user: { username, uid: "account-uid", groups, extra } };
}

const acceptFrontend: FakeVerdict = ({ audiences }) =>
  acceptedReview("system:serviceaccount:demo:frontend", audiences);

const jwksPath = "/openid/v1/jwks";

class FakeApi implements FakeKubernetesApi {
  readonly url: URL;
  readonly rootPem: string;
  readonly calls: FakeKubernetesCall[] = [];
  mostAtOnce = 0;
  verdict: FakeVerdict;
  pods: readonly FakePod[];
  jwks: object | undefined;
  trouble: FakeTrouble | undefined;
  readonly #server: Server;
  #open = 0;

  constructor(server: Server, rootPem: string, { verdict = acceptFrontend, pods = [] }: FakeApiOptions) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    this.url = new URL(`https://127.0.0.1:${address.port}`);
    this.rootPem = rootPem;
    this.verdict = verdict;
    this.pods = pods;
    this.#server = server;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open);
    response.once("close", () => {
      this.#open -= 1;
    });
    const { method = "", url: path = "", headers } = request;
    const asked = reviewAsked(await text(request));
    this.calls.push({ method, path, authorization: headers.authorization, ...asked });
    if (this.trouble !== undefined) return makeTrouble(response, this.trouble);
    const { pathname, searchParams } = new URL(path, this.url);
    // Nothing changes while a test watches.
    if (searchParams.get("watch") === "true") return void response.writeHead(200).flushHeaders();
    if (asked !== undefined && pathname === "/apis/authentication.k8s.io/v1/tokenreviews") {
      return reply(response, 201, { kind: "TokenReview", status: await this.verdict(asked) });
    }
    const isAccepted = pathname !== jwksPath || headers.accept?.includes("application/jwk-set+json");
    const [status, body] = isAccepted ? this.#find(pathname, searchParams) : [406, {}];
    reply(response, status, body);
  }

  #find(path: string, query: URLSearchParams): readonly [status: number, body: object] {
    if (path === jwksPath) {
      return this.jwks === undefined ? [403, { kind: "Status", code: 403 }] : [200, this.jwks];
    }
    if (path === "/api/v1/pods") return [200, podList(this.pods, query)];
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path) ?? [];
    const found = this.pods.find((pod) => pod.namespace === namespace && pod.name === name);
    return found === undefined ? [404, { kind: "Status", code: 404 }] : [200, podObject(found)];
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

function makeTrouble(response: ServerResponse, trouble: FakeTrouble): void {
  if (typeof trouble === "object") {
    response.writeHead(trouble.status, trouble.headers).end(trouble.body ?? '{"kind":"Status"}');
  } else if (trouble === "cut before the answer") {
    response.destroy();
  } else if (trouble === "cut within the answer") {
    response.writeHead(200, { "content-length": "1000" }).write('{"status":', () => response.destroy());
  } else if (trouble === "garbage") {
    response.writeHead(200).end("<html>\u0000 not the API</html>");
  } else if (trouble === "huge") {
    response.writeHead(200).end(JSON.stringify({ padding: "x".repeat(9 * 1024 * 1024) }));
  }
}

/** Returns pages if the query has a limit. */
function podList(pods: readonly FakePod[], query: URLSearchParams) {
  const selected = pods.filter((pod) => isSelected(pod, query.get("fieldSelector") ?? ""));
  const from = Number(query.get("continue") ?? 0);
  const to = from + Number(query.get("limit") ?? selected.length);
  const next = to < selected.length ? { continue: String(to) } : {};
  const metadata = { resourceVersion: "1", ...next };
  return { kind: "PodList", metadata, items: selected.slice(from, to).map(podObject) };
}

/** Selects as the API server does: every requirement must match, with `=` or `!=`. */
function isSelected({ node = "", phase = "Running" }: FakePod, selector: string): boolean {
  if (selector === "") return true;
  const facts: Record<string, string> = { "spec.nodeName": node, "status.phase": phase };
  return selector.split(",").every((requirement) => {
    const [, field = "", operator, value] = /^([^!=]+)(!?=)(.*)$/.exec(requirement) ?? [];
    return (facts[field] === value) === (operator === "=");
  });
}

function podObject({ namespace, name, uid, serviceAccount, node, phase = "Running" }: FakePod) {
  const spec = { serviceAccountName: serviceAccount, ...(node === undefined ? {} : { nodeName: node }) };
  return { kind: "Pod", metadata: { namespace, name, uid }, spec, status: { phase } };
}

function reviewAsked(body: string) {
  const spec: unknown = body === "" ? undefined : JSON.parse(body).spec;
  if (typeof spec !== "object" || spec === null) return undefined;
  if (!("token" in spec) || !("audiences" in spec)) return undefined;
  const audiences = Array.isArray(spec.audiences) ? spec.audiences.map(String) : [];
  return { token: String(spec.token), audiences };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status).end(JSON.stringify(body));
}

async function servingIdentity(authority: TestAuthority) {
  const keyPair = await createKeyPair("P-256");
  const [ip, dns] = [
    { kind: "ip", value: "127.0.0.1" },
    { kind: "dns", value: "localhost" },
  ] as const;
  const leaf = await authority.issue({ publicKey: keyPair.publicKey, names: [ip, dns] });
  return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem() };
}
