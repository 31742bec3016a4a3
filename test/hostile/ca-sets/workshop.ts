import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { aki, type CaSet, type CertificateSpec, mesh, root } from "./ca-set.ts";

const run = promisify(execFile);
const editor = fileURLToPath(new URL("edit.py", import.meta.url));

/** A set on disk, with a workload certificate and a serving certificate under it. */
export interface MadeSet {
  readonly set: CaSet;
  /** The plugged-in directory. */
  readonly directory: string;
  readonly rootsPath: string;
  /** Leaf, then its chain without the root. */
  readonly leafPath: string;
  readonly servingPath: string;
  /** The certificates between the leaf and the root, as PEM. */
  readonly intermediatesPath: string;
  readonly hasIntermediates: boolean;
  readonly keyPath: string;
}

const keyArgs: Readonly<Record<string, readonly string[]>> = {
  "rsa-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "rsa-1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
  "p-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "p-521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  "p-224": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
  explicit: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
  ed25519: ["-algorithm", "ED25519"],
};
const p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

const workload = [
  "basicConstraints=critical,CA:FALSE",
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=serverAuth,clientAuth",
  "subjectKeyIdentifier=none",
  aki,
];
const servingNames = "subjectAltName=critical,DNS:localhost,DNS:istiod.istio-system.svc,IP:127.0.0.1,IP:::1";

/** Makes sets with OpenSSL. Keys are shared by name, since most of the time would be spent on them. */
export class Workshop {
  readonly #directory: string;
  readonly #keys = new Map<string, Promise<string>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async make(set: CaSet): Promise<MadeSet> {
    const home = join(this.#directory, set.name.replaceAll(/[^\w-]+/g, "-"));
    const directory = join(home, "set");
    await mkdir(directory, { recursive: true });
    const specs = specsOf(set);
    const made = new Map<string, Promise<string>>();
    const certificate = (name: string): Promise<string> => {
      const known = made.get(name) ?? this.#write(home, name, specs, certificate);
      made.set(name, known);
      return known;
    };
    const texts = async (names: readonly string[]) =>
      (await Promise.all(names.map(async (name) => readFile(await certificate(name), "utf8")))).join("");
    const path = set.chain?.filter((name) => !isRoot(name)) ?? pathOf(specs);
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    await file("ca-cert.pem", await texts(["mesh"]));
    await file("cert-chain.pem", await texts(set.chain ?? path));
    const rootsPath = await file("root-cert.pem", await texts(set.roots ?? ["root"]));
    const key = await file("ca-key.pem", await readFile(await this.#key(keyOf("mesh", specs)), "utf8"));
    await chmod(key, 0o600);
    const served = await texts(path);
    const at = async (name: string, text: string) => {
      await writeFile(join(home, name), text);
      return join(home, name);
    };
    return {
      ...{ set, directory, rootsPath, keyPath: await this.#key("leaf") },
      leafPath: await at("leaf-chain.pem", (await texts(["leaf"])) + served),
      servingPath: await at("serving-chain.pem", (await texts(["serving"])) + served),
      intermediatesPath: await at("intermediates.pem", served),
      hasIntermediates: path.length > 0,
    };
  }

  async #write(
    home: string,
    name: string,
    specs: Specs,
    certificate: (name: string) => Promise<string>,
  ): Promise<string> {
    const { subject = `/O=example/CN=${name}`, extensions = [], args = [], edit } = specs[name] ?? {};
    const issuer = issuerOf(name, specs);
    const output = join(home, `${name}.pem`);
    const hasIdentifier = specs[issuer]?.extensions?.some((line) => line.startsWith("subjectKeyIdentifier="));
    // OpenSSL fails if the issuer has no identifier to copy; like kasbah, it should then leave the extension out.
    const lines = hasIdentifier ? extensions : extensions.filter((line) => line !== aki);
    await writeFile(join(home, `${name}.cnf`), configOf(lines));
    const ownKey = await this.#key(keyOf(name, specs));
    const issuerKey = issuer === name ? ownKey : await this.#key(keyOf(issuer, specs));
    const signer = issuer === name ? [] : ["-CA", await certificate(issuer), "-CAkey", issuerKey];
    const make = ["req", "-x509", "-new", "-key", ownKey, "-config", join(home, `${name}.cnf`)];
    await run("openssl", [...make, "-subj", subject, "-days", "30", ...signer, ...args, "-out", output]);
    if (edit !== undefined) await run("python3", [editor, edit, output, issuerKey]);
    return output;
  }

  #key(name: string): Promise<string> {
    const known = this.#keys.get(name) ?? this.#newKey(name);
    this.#keys.set(name, known);
    return known;
  }

  async #newKey(name: string): Promise<string> {
    const path = join(this.#directory, `${name}.key`);
    const kind = Object.keys(keyArgs).find((each) => name.startsWith(each));
    await run("openssl", ["genpkey", ...(keyArgs[kind ?? ""] ?? p256), "-out", path]);
    return path;
  }
}

type Specs = Readonly<Record<string, CertificateSpec>>;

function specsOf({ certificates, dnsNames = [] }: CaSet): Specs {
  const names = ["URI:spiffe://cluster.local/ns/demo/sa/web", ...dnsNames.map((name) => `DNS:${name}`)];
  const leaf = { subject: "/", issuer: "mesh", key: "leaf" };
  const standard: Specs = {
    root: {},
    mesh: {},
    leaf: { ...leaf, extensions: [...workload, `subjectAltName=critical,${names.join(",")}`] },
    serving: { ...leaf, extensions: [...workload, servingNames] },
  };
  const given = Object.entries({ ...standard, ...certificates });
  const whole = given.map(([name, spec]) => [name, { extensions: isRoot(name) ? root() : mesh(), ...spec }]);
  return Object.fromEntries(whole);
}

function configOf(extensions: readonly string[]): string {
  const has = (name: string, oid: string) =>
    extensions.some((line) => line.startsWith(name) || line.startsWith(oid));
  // OpenSSL adds both by default.
  const none = [
    ...(has("subjectKeyIdentifier", "2.5.29.14=") ? [] : ["subjectKeyIdentifier=none"]),
    ...(has("authorityKeyIdentifier", "2.5.29.35=") ? [] : ["authorityKeyIdentifier=none"]),
  ];
  const lines = [...none, ...extensions];
  const head =
    "[req]\ndistinguished_name=dn\nx509_extensions=ext\nstring_mask=utf8only\nprompt=no\n[dn]\n[ext]\n";
  return `${head}${lines.join("\n")}\n`;
}

function isRoot(name: string): boolean {
  return name.startsWith("root");
}

function issuerOf(name: string, specs: Specs): string {
  return specs[name]?.issuer ?? (isRoot(name) ? name : "root");
}

function keyOf(name: string, specs: Specs): string {
  return specs[name]?.key ?? name;
}

/** The certificates between the leaf and the root. */
function pathOf(specs: Specs): readonly string[] {
  const path: string[] = [];
  for (let name = "mesh"; issuerOf(name, specs) !== name && !isRoot(name); name = issuerOf(name, specs)) {
    path.push(name);
  }
  return path;
}
