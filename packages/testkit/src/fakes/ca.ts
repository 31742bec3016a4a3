import { Certificate, createKeyPair, type PublicKey, parseCertificateRequest } from "@kasbah/pki";
import { type CreateCertificateRequest, createCertificate } from "@kasbah/protocol";
import type { HostPort } from "@kasbah/runtime";
import { GrpcServer } from "@kasbah/runtime/grpc";
import { grpcStatus, type RpcStatus, unaryRoute } from "@kasbah/runtime/rpc";
import { createTestAuthority, type TestAuthority } from "../minting/test-authority.ts";

/** A call that the fake received. */
export interface FakeCaCall {
  readonly request: CreateCertificateRequest;
  readonly authorization: string;
  /** The first value of a request header, or "". */
  header(name: string): string;
  /** The caller's client certificate. */
  readonly peerLeaf: Certificate | undefined;
  /** `host:port` of the caller's connection. */
  readonly peerAddress: string;
  /** The requested key and name. */
  readonly publicKey: PublicKey;
  readonly uri: string;
}

/** Decides a reply: the elements of `cert_chain`, or a throw of {@link FakeRefusal}. */
export type FakeCaAnswer = (call: FakeCaCall) => Promise<readonly string[]>;

/** Thrown by an answer to refuse the call with a gRPC status. */
export class FakeRefusal extends Error {
  readonly status: RpcStatus;

  constructor(status: RpcStatus) {
    super(status.message);
    this.status = status;
  }
}

export interface FakeCaOptions {
  /** Signs leaves; created if undefined. */
  readonly authority?: TestAuthority;
  /** Signs the server's own certificate; `authority` by default. */
  readonly servingAuthority?: TestAuthority;
  /** Names of the server's certificate; loopback by default. */
  readonly servingNames?: readonly string[];
  readonly now: () => Date;
  readonly port?: number;
}

/**
 * A CA on loopback over real TLS that accepts every request, counts its calls and can be made to misbehave.
 */
export interface FakeCa {
  readonly address: HostPort;
  readonly authority: TestAuthority;
  readonly calls: readonly FakeCaCall[];
  /** Lifetime of the leaves, in milliseconds. */
  ttlMs: number;
  /** Replaces the honest answer; undefined restores it. */
  answer: FakeCaAnswer | undefined;
  /** The reply of an honest CA. */
  honest: FakeCaAnswer;
  close(): Promise<void>;
}

export async function startFakeCa(options: FakeCaOptions): Promise<FakeCa> {
  const authority = options.authority ?? (await createTestAuthority());
  const calls: FakeCaCall[] = [];
  const server = new GrpcServer({ routes: [route(() => fake, calls)], toStatus: statusOf });
  const identity = await servingIdentity(options.servingAuthority ?? authority, options.servingNames);
  const address = await server.listenTls({ host: "127.0.0.1", port: options.port ?? 0 }, identity);
  const fake: FakeCa = {
    address,
    authority,
    calls,
    ttlMs: 24 * 3_600_000,
    answer: undefined,
    honest: async ({ publicKey, uri }) => {
      const nowMs = options.now().getTime();
      const notBefore = wholeSeconds(nowMs - 120_000);
      const notAfter = wholeSeconds(nowMs + fake.ttlMs);
      const leaf = await authority.issue({
        publicKey,
        notBefore,
        notAfter,
        names: [{ kind: "uri", value: uri }],
      });
      return [leaf.toPem(), authority.rootPem];
    },
    close: () => server.close(100),
  };
  return fake;
}

function route(fake: () => FakeCa, calls: FakeCaCall[]) {
  return unaryRoute({
    path: createCertificate.path,
    decode: createCertificate.request.decode,
    encode: createCertificate.response.encode,
    handle: async (call) => {
      const request = call.request();
      const { publicKey, requestedUris } = parseCertificateRequest(request.csr);
      const header = (name: string) => call.metadata(name)[0] ?? "";
      const [shown] = call.peerCertificates();
      const heard = {
        request,
        authorization: header("authorization"),
        header,
        peerLeaf: shown === undefined ? undefined : new Certificate(shown),
        peerAddress: call.peerAddress,
        publicKey,
        uri: requestedUris[0] ?? "",
      };
      calls.push(heard);
      const { answer, honest } = fake();
      return { certChain: await (answer ?? honest)(heard) };
    },
  });
}

async function servingIdentity(authority: TestAuthority, dnsNames: readonly string[] = ["localhost"]) {
  const keyPair = await createKeyPair("P-256");
  const names = dnsNames.map((value) => ({ kind: "dns" as const, value }));
  const loopback = dnsNames.includes("localhost") ? [{ kind: "ip" as const, value: "127.0.0.1" }] : [];
  const leaf = await authority.issue({ publicKey: keyPair.publicKey, names: [...names, ...loopback] });
  const serving = { certificateChainPem: leaf.toPem(), privateKeyPem: keyPair.toPkcs8Pem() };
  return { ...serving, clientRootsPem: authority.rootPem };
}

function statusOf(error: unknown): RpcStatus {
  if (error instanceof FakeRefusal) return error.status;
  return { code: grpcStatus.INTERNAL, message: String(error) };
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
