import { resolve } from "node:path";
import { parseCertificates, readBundle } from "@kasbah/pki";
import { type SdsSecret, secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { RpcError } from "@kasbah/runtime/rpc";
import { CliError } from "../errors.ts";
import type { Findings } from "./findings.ts";

const maxResponseBytes = 2 * 1024 * 1024;

/**
 * Requests `default` and `ROOTCA` as Envoy does, one stream each, and drops the private key.
 * @throws CliError `TARGET_UNREACHABLE`, or `TARGET_REPLY_INVALID` if the answer is not a secret
 * @throws PkiError if the server sends anything but certificates
 */
export async function inspectSdsServer(path: string, deadlineMs: number): Promise<Findings> {
  const channel = new Http2Channel({ unixPath: resolve(path) }, { maxResponseBytes });
  try {
    const [chain, roots] = await Promise.all([
      fetchPem(channel, "default", deadlineMs),
      fetchPem(channel, "ROOTCA", deadlineMs),
    ]);
    const { bundle, skipped } = readBundle(roots);
    return { chain: parseCertificates(chain), roots: bundle.roots, skipped };
  } finally {
    channel.close();
  }
}

async function fetchPem(channel: Http2Channel, name: string, deadlineMs: number): Promise<string> {
  const stream = channel.stream(streamSecrets);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stream.cancel();
  }, deadlineMs);
  stream.send({
    versionInfo: "",
    nodeId: "kasbah-inspect",
    resourceNames: [name],
    typeUrl: secretTypeUrl,
    responseNonce: "",
  });
  try {
    for await (const { resources } of stream.responses) return pemIn(resources, name);
    throw new CliError(
      "TARGET_REPLY_INVALID",
      `the SDS server closed the stream for ${name} without an answer`,
    );
  } catch (cause) {
    throw late ? tooLate(name, deadlineMs) : explained(cause, name);
  } finally {
    clearTimeout(timer);
    stream.cancel();
  }
}

function pemIn(resources: readonly SdsSecret[], name: string): string {
  const secret = resources.find((resource) => resource.name === name);
  if (!secret)
    throw new CliError("TARGET_REPLY_INVALID", `the answer of the SDS server does not contain ${name}`);
  const pem = secret.kind === "tlsCertificate" ? secret.certificateChain : secret.trustedCa;
  return Buffer.from(pem).toString("latin1");
}

function tooLate(name: string, deadlineMs: number): CliError {
  const sentence = `the SDS server has not sent ${name} within ${deadlineMs / 1000} s: it has no certificate yet`;
  return new CliError("TARGET_UNREACHABLE", sentence);
}

function explained(cause: unknown, name: string): unknown {
  if (!(cause instanceof RpcError)) return cause;
  return new CliError(
    "TARGET_UNREACHABLE",
    `cannot get ${name} from the SDS server: gRPC status ${cause.code}`,
    {
      cause,
    },
  );
}
