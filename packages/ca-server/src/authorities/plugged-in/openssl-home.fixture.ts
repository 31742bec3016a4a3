import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTrustDomain } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { loadPluggedInSet, type PluggedInOptions, type PluggedInSet } from "./load-set.ts";

/** Later than the creation of every certificate here. */
export const now = new Date(Date.now() + 3_600_000);
export const dayMs = 86_400_000;
export const istioFiles = ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"] as const;
/** Without a path length, for a CA that has other CAs below it. */
export const middleExtensions =
  "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
export const caExtensions = middleExtensions.replace("CA:TRUE", "CA:TRUE,pathlen:0");

const keyOptions = {
  "P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "P-521": ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
  "RSA-1024": ["rsa:1024"],
  "RSA-3072": ["rsa:3072"],
  "RSA-4096": ["rsa:4096"],
} as const;

/** How a certificate differs from the default. */
export interface Making {
  readonly key?: keyof typeof keyOptions;
  readonly days?: number;
  readonly extensions?: string;
  /** Arguments for openssl. */
  readonly more?: readonly string[];
  /** The certificate's name, if it differs from the key's. */
  readonly saveAs?: string;
}

/**
 * A directory of CAs that OpenSSL created, each `name.pem` with `name.key`, and a directory to plug them in.
 */
export class OpensslHome {
  readonly #home: TemporaryDirectory;
  directory: string;

  private constructor(home: TemporaryDirectory) {
    this.#home = home;
    this.directory = home.join("cacerts");
  }

  /** Creates two roots, `root` and `other`, and the intermediate `good` under the first. */
  static async create(): Promise<OpensslHome> {
    const home = new OpensslHome(await temporaryDirectory());
    home.createRoot("root");
    home.createRoot("other");
    await home.createIntermediate("good", "root");
    return home;
  }

  remove(): Promise<void> {
    return this.#home.remove();
  }

  path(name: string): string {
    return this.#home.join(name);
  }

  /** A path in the plugged-in directory. */
  at(name: string): string {
    return join(this.directory, name);
  }

  pem(name: string): Promise<string> {
    return readFile(this.path(`${name}.pem`), "utf8");
  }

  openssl(...args: string[]): Buffer {
    return execFileSync("openssl", args, { stdio: "pipe", cwd: this.path("") });
  }

  createRoot(name: string, { key = "P-256", days = 30, more = [] }: Making = {}): void {
    const newKey = ["-newkey", ...keyOptions[key], "-nodes", "-keyout", `${name}.key`];
    this.#selfSign(name, `${name}.pem`, days, [...newKey, ...more]);
  }

  /** Reissues a root with the same name and key but another expiry. */
  renewRoot(name: string, saveAs: string, days: number): void {
    this.#selfSign(name, `${saveAs}.pem`, days, ["-key", `${name}.key`]);
  }

  async createIntermediate(name: string, issuer: string, making: Making = {}): Promise<void> {
    const newKey = ["-newkey", ...keyOptions[making.key ?? "P-256"], "-nodes", "-keyout", `${name}.key`];
    this.openssl("req", ...newKey, "-subj", `/O=test/CN=${name}`, "-out", `${name}.csr`);
    await this.certify(name, issuer, making);
  }

  /** Certifies a key again, optionally by another issuer. */
  async certify(name: string, issuer: string, making: Making = {}): Promise<void> {
    const { days = 10, extensions = caExtensions, more = [], saveAs = name } = making;
    await writeFile(this.path(`${name}.ext`), extensions);
    const signer = ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"];
    const request = ["-req", "-in", `${name}.csr`, "-extfile", `${name}.ext`, "-days", String(days)];
    this.openssl("x509", ...request, ...signer, ...more, "-out", `${saveAs}.pem`);
  }

  /** Replaces the plugged-in set, as Istio's sample does: the chain is the certificate itself. */
  async plugIn(name: string, ...roots: readonly string[]): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true });
    await copyFile(this.path(`${name}.pem`), this.at("ca-cert.pem"));
    await copyFile(this.path(`${name}.pem`), this.at("cert-chain.pem"));
    await copyFile(this.path(`${name}.key`), this.at("ca-key.pem"));
    await chmod(this.at("ca-key.pem"), 0o600);
    await this.write("root-cert.pem", ...roots);
  }

  /** Writes certificates into a file of the set. */
  async write(file: string, ...names: readonly string[]): Promise<void> {
    const pems = await Promise.all(names.map((name) => this.pem(name)));
    await writeFile(this.at(file), pems.join(""));
  }

  load(changes: Partial<PluggedInOptions> = {}): Promise<PluggedInSet | undefined> {
    const trustDomain = parseTrustDomain("cluster.local");
    return loadPluggedInSet(this.directory, { trustDomain, now, ...changes });
  }

  async loadWhole(changes: Partial<PluggedInOptions> = {}): Promise<PluggedInSet> {
    const set = await this.load(changes);
    assert.ok(set);
    return set;
  }

  #selfSign(name: string, file: string, days: number, more: readonly string[]): void {
    const usage = ["-addext", "keyUsage=critical,keyCertSign"];
    const subject = ["-subj", `/O=test/CN=${name}`, "-days", String(days)];
    this.openssl("req", "-x509", ...subject, ...usage, ...more, "-out", file);
  }
}
