import { type Certificate, parseCertificates, readBundle, type TrustBundle } from "@kasbah/pki";
import { type SdsSecret, secretTypeUrl, streamSecrets } from "@kasbah/protocol/workload";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";

/** What Envoy would get. The private key is dropped at once. */
export interface ServedSecret {
  readonly leaf: Certificate | undefined;
  readonly bundle: TrustBundle | undefined;
}

const maxResponseBytes = 2 * 1024 * 1024;

/**
 * Requests `default` and `ROOTCA` from an SDS server as Envoy does. A name without a secret stays undefined after the
 * deadline. Throws `RpcError` if the server does not speak SDS, PkiError if it sends anything but certificates.
 */
export async function fetchServed(path: string, deadlineMs: number): Promise<ServedSecret> {
  const channel = new Http2Channel({ unixPath: path }, { maxResponseBytes });
  try {
    const [chain, roots] = await Promise.all([
      fetchPem(channel, "default", deadlineMs),
      fetchPem(channel, "ROOTCA", deadlineMs),
    ]);
    return {
      leaf: chain === undefined ? undefined : parseCertificates(chain)[0],
      bundle: roots === undefined ? undefined : readBundle(roots).bundle,
    };
  } finally {
    channel.close();
  }
}

async function fetchPem(
  channel: Http2Channel,
  name: string,
  deadlineMs: number,
): Promise<string | undefined> {
  const stream = channel.stream(streamSecrets);
  const late = AbortSignal.timeout(deadlineMs);
  late.addEventListener("abort", () => stream.cancel(), { once: true });
  stream.send({
    versionInfo: "",
    nodeId: "kasbah-doctor",
    resourceNames: [name],
    typeUrl: secretTypeUrl,
    responseNonce: "",
  });
  try {
    for await (const { resources } of stream.responses) return pemIn(resources, name);
    return undefined;
  } catch (error) {
    if (late.aborted) return undefined;
    throw error;
  } finally {
    stream.cancel();
  }
}

function pemIn(resources: readonly SdsSecret[], name: string): string | undefined {
  const secret = resources.find((resource) => resource.name === name);
  if (secret === undefined) return undefined;
  const pem = secret.kind === "tlsCertificate" ? secret.certificateChain : secret.trustedCa;
  return Buffer.from(pem).toString("latin1");
}
