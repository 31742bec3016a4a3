import { mkdir, writeFile } from "node:fs/promises";
import { connect as connectTls } from "node:tls";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, rawCall, temporaryDirectory } from "@kasbah/testkit";
import { AgentProcess } from "../agent-process.ts";
import { type RunningCa, startCa } from "../ca-process.ts";
import { SdsClient } from "../sds-client.ts";
import { Prometheus, type ScrapeTarget } from "./prometheus.ts";

/** The namespace of the CA, as the variable of the dashboard has it. */
export const caNamespace = "kasbah-system";

const accounts = ["frontend", "backend", "gateway"];

/** A CA, three agents and a Prometheus that scrapes them, all as they ship. */
export class ObservedMesh implements AsyncDisposable {
  readonly prometheus: Prometheus;
  readonly #ca: RunningCa;
  readonly #after: AsyncDisposableStack;

  private constructor(prometheus: Prometheus, ca: RunningCa, after: AsyncDisposableStack) {
    this.prometheus = prometheus;
    this.#ca = ca;
    this.#after = after;
  }

  static async start(say: (line: string) => void): Promise<ObservedMesh> {
    await using after = new AsyncDisposableStack();
    const ca = after.use(await startCa());
    const directory = after.use(await temporaryDirectory());
    await writeFile(directory.join("root.pem"), ca.rootPem);
    const agents: ScrapeTarget[] = [];
    for (const account of accounts) {
      const agent = after.use(await startAgent(account, ca, directory.path));
      const labels = { namespace: "demo", pod: `${account}-0` };
      agents.push({ address: await agent.statusAddress(), labels });
    }
    const own = { namespace: caNamespace, pod: "kasbah-0" };
    const targets = [{ address: await ca.process.statusAddress(), labels: own }, ...agents];
    const prometheus = after.use(await Prometheus.start(targets, say));
    const gateway = after.use(new SdsClient(`${directory.path}/gateway.sock`));
    gateway.say({
      resourceNames: [
        "default",
        "ROOTCA",
        `file-cert:${directory.path}/shop/tls.crt~${directory.path}/shop/tls.key`,
      ],
    });
    return new ObservedMesh(prometheus, ca, after.move());
  }

  get stateDir(): string {
    return this.#ca.stateDir;
  }

  /** One call that gets a certificate, or that is refused if the token is for another audience. */
  async call(serviceAccount: string, audience?: string): Promise<void> {
    const name = { namespace: "demo", serviceAccount };
    const claims = audience === undefined ? {} : { claims: { aud: [audience] } };
    const token = await this.#ca.tokens.mint({ ...name, now: systemClock.now(), ...claims });
    const csr = createCertificateRequest(
      await createKeyPair("P-256"),
      parseSpiffeId(`spiffe://cluster.local/ns/demo/sa/${serviceAccount}`),
    );
    const body = createCertificate.request.encode({
      ...{ csr, validityDurationSeconds: 3_600, impersonatedIdentity: "", certSigner: "" },
    });
    const headers = { authorization: `Bearer ${token}` };
    const { port, rootPem } = this.#ca;
    await rawCall({ port, ca: rootPem, path: createCertificate.path, body, headers });
  }

  /** A client that does not trust the CA's root. */
  async distrust(): Promise<void> {
    const socket = connectTls({ port: this.#ca.port, host: "127.0.0.1", ALPNProtocols: ["h2"], ca: [] });
    await new Promise((resolve) => socket.once("error", resolve));
    socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#after.disposeAsync();
  }
}

/** The agent of the gateway serves a file, and its application cannot load new files. */
async function startAgent(account: string, ca: RunningCa, directory: string): Promise<AgentProcess> {
  const token = await ca.tokens.mint({ namespace: "demo", serviceAccount: account, now: systemClock.now() });
  await writeFile(`${directory}/${account}.token`, token);
  const isGateway = account === "gateway";
  if (isGateway) await writePair(directory);
  const agent = new AgentProcess({
    flags: {
      "--ca-address": `127.0.0.1:${ca.port}`,
      "--ca-root": `${directory}/root.pem`,
      "--token-file": `${directory}/${account}.token`,
      "--sds-socket": `${directory}/${account}.sock`,
      "--status-address": "127.0.0.1:0",
      "--log-format": "json",
      ...(isGateway
        ? {
            "--file-directory": `${directory}/shop`,
            "--output-certs": `${directory}/out`,
            "--on-rotate": "exit 1",
          }
        : {}),
    },
  });
  await agent.untilReady();
  return agent;
}

/** A certificate and key for a host of the gateway. */
async function writePair(directory: string): Promise<void> {
  await mkdir(`${directory}/shop`);
  const authority = await createTestAuthority("Public");
  const keyPair = await createKeyPair("P-256");
  const names = [{ kind: "dns", value: "shop.example.com" }] as const;
  const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
  await writeFile(`${directory}/shop/tls.crt`, leaf.toPem());
  await writeFile(`${directory}/shop/tls.key`, keyPair.toPkcs8Pem(), { mode: 0o600 });
}
