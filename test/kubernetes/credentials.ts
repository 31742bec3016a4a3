import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, type TemporaryDirectory } from "@kasbah/testkit";

/** The credentials of the programs and their callers, each also in a file. */
export interface Credentials {
  readonly caFile: string;
  readonly caPem: string;
  readonly servingCertificate: string;
  readonly servingKey: string;
  /** The client certificate that the API server presents to a node. */
  readonly nodeCallerCertificate: string;
  readonly nodeCallerKey: string;
  /** The key that signs service account tokens. */
  readonly tokenKey: string;
  /** The API server's table of static tokens. */
  readonly tokens: string;
  readonly adminToken: string;
  readonly adminKubeconfig: string;
  readonly controllersKubeconfig: string;
}

/**
 * Creates the credentials for an API server at this URL. Users authenticate with static tokens, not with
 * certificates as in most clusters, because our certificate writer never sets the organization that
 * Kubernetes reads groups from.
 */
export async function writeCredentials(directory: TemporaryDirectory, url: URL): Promise<Credentials> {
  const authority = await createTestAuthority("Kubernetes");
  const serving = await createKeyPair("P-256");
  const names = [
    { kind: "ip", value: "127.0.0.1" },
    { kind: "dns", value: "localhost" },
    { kind: "dns", value: "kubernetes.default.svc" },
  ] as const;
  const certificate = await authority.issue({ publicKey: serving.publicKey, names });
  const caller = await createKeyPair("P-256");
  const callerName = { kind: "dns", value: "kube-apiserver" } as const;
  const callerCertificate = await authority.issue({ publicKey: caller.publicKey, names: [callerName] });
  const [adminToken, controllersToken] = [newToken(), newToken()];
  const write = (name: string, text: string) => writePrivate(directory.join(name), text);
  const caFile = await write("ca.pem", authority.rootPem);
  const kubeconfig = (token: string) => JSON.stringify(kubeconfigOf(url, caFile, token));
  return {
    caFile,
    caPem: authority.rootPem,
    servingCertificate: await write("serving.pem", certificate.toPem()),
    servingKey: await write("serving-key.pem", serving.toPkcs8Pem()),
    nodeCallerCertificate: await write("node-caller.pem", callerCertificate.toPem()),
    nodeCallerKey: await write("node-caller-key.pem", caller.toPkcs8Pem()),
    // The default key type of most clusters, so that the tokens look like theirs.
    tokenKey: await write("token-key.pem", (await createKeyPair("RSA-2048")).toPkcs8Pem()),
    tokens: await write(
      "tokens.csv",
      `${adminToken},admin,admin,system:masters\n${controllersToken},system:kube-controller-manager,controllers\n`,
    ),
    adminToken,
    adminKubeconfig: await write("admin.kubeconfig", kubeconfig(adminToken)),
    controllersKubeconfig: await write("controllers.kubeconfig", kubeconfig(controllersToken)),
  };
}

const newToken = () => randomBytes(32).toString("hex");

async function writePrivate(path: string, text: string): Promise<string> {
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** A kubeconfig that authenticates with this token. */
export function kubeconfigOf(url: URL, caFile: string, token: string) {
  const name = "kasbah-test";
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: url.origin, "certificate-authority": caFile } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}
