import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createCertificateRequest,
  createKeyPair,
  parseCertificates,
  parseSpiffeId,
  parseTrustBundle,
  type TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { rawCall, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "./ca-process.ts";
import { kasbahBin } from "./repository.ts";
import { mintLongLivedToken, type SavedIssuer, saveIssuer } from "./token-issuer.ts";
import { WallClock } from "./wall-clock.ts";

/** What a workload serves: its chain, and the roots that came with it. */
interface Held {
  readonly chain: ReturnType<typeof parseCertificates>;
  readonly bundle: TrustBundle;
}

/** A CA on a machine whose wall clock a test sets; the clock of the test stays right. */
export class ClockTrial implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #issuer: SavedIssuer;
  readonly #token: string;
  readonly #clock: WallClock;
  readonly #held: Held[] = [];
  #ca: CaProcess | undefined;
  #wrongMs = 0;

  private constructor(parts: {
    directory: TemporaryDirectory;
    issuer: SavedIssuer;
    token: string;
    clock: WallClock;
  }) {
    this.#directory = parts.directory;
    this.#issuer = parts.issuer;
    this.#token = parts.token;
    this.#clock = parts.clock;
  }

  /** @param library the path of libfaketime */
  static async create(library: string): Promise<ClockTrial> {
    const directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    const token = await mintLongLivedToken(issuer.tokens, "frontend");
    const clock = new WallClock(library, directory.join("clock"));
    await clock.step(0);
    return new ClockTrial({ directory, issuer, token, clock });
  }

  get ca(): CaProcess {
    if (this.#ca === undefined) throw new Error("start the CA first");
    return this.#ca;
  }

  get stateDir(): string {
    return this.#directory.join("state");
  }

  /** Makes the clock wrong by this much; 0 makes it right. */
  async setWrong(ms: number): Promise<void> {
    await this.#clock.step(ms - this.#wrongMs);
    this.#wrongMs = ms;
  }

  /** Starts the CA without waiting for it. */
  launch(): void {
    this.#ca = new CaProcess({
      stateDir: this.stateDir,
      flags: this.#issuer.flags,
      env: this.#clock.env,
    });
  }

  async start(): Promise<void> {
    this.launch();
    await this.ca.untilReady();
  }

  async stop(): Promise<void> {
    await this.#ca?.stop();
  }

  /** Issues a certificate to a workload that keeps it. @returns the message of a refusal, else "" */
  async issue(token = this.#token): Promise<string> {
    const key = await createKeyPair("P-256");
    const csr = createCertificateRequest(key, parseSpiffeId("spiffe://cluster.local/ns/any/sa/any"));
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const { port } = await this.ca.grpcAddress();
    const reply = await rawCall({
      ...{ port, ca: await this.ca.rootPem(), path: createCertificate.path },
      body: createCertificate.request.encode(order),
      headers: { authorization: `Bearer ${token}` },
    });
    if (reply.status !== 0) return reply.message;
    const { certChain } = createCertificate.response.decode(reply.body);
    const chain = certChain.slice(0, -1).flatMap((pem) => parseCertificates(pem));
    this.#held.push({ chain, bundle: parseTrustBundle(certChain.at(-1) ?? "") });
    return "";
  }

  /** Expects that the CA issues a certificate that is valid now. */
  async mustIssue(): Promise<void> {
    assert.equal(await this.issue(), "");
    const leaf = this.#held.at(-1)?.chain[0];
    const now = systemClock.now();
    assert.ok(leaf && leaf.notBefore <= now && now < leaf.notAfter, `valid from ${leaf?.notBefore}`);
  }

  /** A token that expired ten minutes ago. */
  expiredToken(): Promise<string> {
    const now = new Date(systemClock.now().getTime() - 20 * 60_000);
    const claims = { nbf: undefined };
    return this.#issuer.tokens.mint({
      ...{ namespace: "demo", serviceAccount: "frontend", lifetimeMs: 10 * 60_000, now, claims },
    });
  }

  /** Every workload with a valid leaf is trusted by every bundle that a workload holds. Returns the pairs. */
  verifyPairs(): number {
    const now = systemClock.now();
    const valid = this.#held.filter(
      ({ chain: [leaf] }) => leaf && leaf.notBefore <= now && now < leaf.notAfter,
    );
    for (const { chain } of valid) {
      const [leaf, ...intermediates] = chain;
      assert.ok(leaf);
      for (const { bundle } of valid) verifyChain({ leaf, intermediates, bundle, now });
    }
    return valid.length ** 2;
  }

  /** The key files of the authorities. */
  async keys(): Promise<readonly string[]> {
    const directory = join(this.stateDir, "authorities");
    const names = await readdir(directory, { recursive: true });
    return names.filter((name) => name.endsWith("ca-key.pem")).sort();
  }

  /** The number of entries in the ledger. */
  async entries(): Promise<number> {
    return (await this.ca.metric("kasbah_ledger_entries")) ?? 0;
  }

  async kasbah(...args: readonly string[]): Promise<string> {
    const argv = [kasbahBin, ...args, "--state-dir", this.stateDir];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    return stdout;
  }

  async rotationStage(): Promise<string | undefined> {
    return JSON.parse(await this.kasbah("authority", "status", "--json")).rotation?.stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory.remove();
  }
}
