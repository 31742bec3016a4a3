import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { GrpcJsChannel } from "@kasbah/testkit";
import { type RunningCa, startCa } from "./ca-process.ts";
import { kasbahBin } from "./repository.ts";
import { mintDemoToken } from "./token-issuer.ts";

const run = promisify(execFile);

/** Tries to reach the CA with a root file; returns "accepted", or why the client rejects the CA's certificate. */
export type TlsClient = (port: number, rootFile: string) => Promise<string>;

export interface RotatedCa {
  readonly ca: RunningCa;
  /** The root before the first rotation and after each one, in PEM. */
  readonly roots: readonly string[];
}

/** Starts a CA and completes this many rotations of its root. The caller stops it. */
export async function startRotatedCa(rotations: number): Promise<RotatedCa> {
  const ca = await startCa();
  const roots = [ca.rootPem];
  for (let made = 0; made < rotations; made++) {
    await kasbah(ca, "authority", "rotate", "--root", "--wait");
    roots.push(await ca.process.rootPem());
  }
  return { ca, roots };
}

/** Runs the operator's command on a CA; returns its output. */
export async function kasbah({ stateDir }: Pick<RunningCa, "stateDir">, ...argv: string[]): Promise<string> {
  const env = { PATH: process.env["PATH"], KASBAH_STATE_DIR: stateDir };
  const { stdout } = await run(process.execPath, [kasbahBin, ...argv], { env });
  return stdout;
}

/** Requests a certificate as a stock client with a root file does; returns the elements of the reply. */
export async function requestDemoCertificate(
  ca: Pick<RunningCa, "port" | "tokens" | "rootPem">,
  serviceAccount: string,
  validityDurationSeconds = 60,
): Promise<readonly string[]> {
  const token = await mintDemoToken(ca.tokens, serviceAccount);
  const name = parseSpiffeId(`spiffe://cluster.local/ns/demo/sa/${serviceAccount}`);
  const csr = createCertificateRequest(await createKeyPair("P-256"), name);
  const order = { csr, validityDurationSeconds, impersonatedIdentity: "", certSigner: "" };
  const channel = new GrpcJsChannel({
    address: { host: "127.0.0.1", port: ca.port },
    rootsPem: ca.rootPem,
  });
  try {
    const metadata = { authorization: `Bearer ${token}` };
    return (await channel.unary(createCertificate, order, { deadlineMs: 20_000, metadata })).certChain;
  } finally {
    channel.close();
  }
}

/** Writes a file for each set of roots that a client may hold: each root alone, and the first and the last in both orders. */
export async function writeRootFiles(
  roots: readonly string[],
  pathOf: (name: string) => string,
): Promise<readonly string[]> {
  const [first = "", last = ""] = [roots[0], roots.at(-1)];
  const contents = [...roots, first + last, last + first];
  return Promise.all(
    contents.map(async (content, index) => {
      const path = pathOf(`roots-${index}.pem`);
      await writeFile(path, content);
      return path;
    }),
  );
}

export const opensslClient: TlsClient = async (port, rootFile) => {
  const where = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-alpn", "h2"];
  const rules = ["-x509_strict", "-verify_return_error", "-verify_hostname", "localhost"];
  return verdictOf("openssl", ["s_client", ...where, ...rules, "-CAfile", rootFile]);
};

export const nodeClient: TlsClient = async (port, rootFile) => {
  const socket = connect({
    host: "127.0.0.1",
    port,
    servername: "localhost",
    ca: await readFile(rootFile),
    ALPNProtocols: ["h2"],
  });
  try {
    return await once(socket, "secureConnect").then(() => "accepted", String);
  } finally {
    socket.destroy();
  }
};

/** Runs a client that exits with 0 if it accepts the CA. */
export async function verdictOf(program: string, argv: readonly string[]): Promise<string> {
  const child = run(program, argv);
  child.child.stdin?.end();
  return child.then(
    () => "accepted",
    (error: Error & { stderr?: string }) => error.stderr || error.message,
  );
}
