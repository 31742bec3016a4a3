import { execFileSync } from "node:child_process";
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const run = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });

/** A root that OpenSSL created, as an operator would. */
export interface OpensslRoot {
  readonly directory: string;
  readonly certificatePath: string;
}

export async function createRoot(directory: string, name: string): Promise<OpensslRoot> {
  await mkdir(directory, { recursive: true });
  const [key, certificatePath] = [join(directory, "root-key.pem"), join(directory, "root-cert.pem")];
  const subject = ["-subj", `/O=operator/CN=${name}`];
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  run("req", "-x509", "-days", "3650", ...newKey, "-out", certificatePath, ...subject, ...usage);
  return { directory, certificatePath };
}

/** A plugged-in set: an intermediate under the root, and a root file with these roots. */
export async function createSet(
  directory: string,
  root: OpensslRoot,
  name: string,
  rootFile: readonly OpensslRoot[],
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const at = (file: string) => join(directory, file);
  const newKey = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    at("ca-key.pem"),
  ];
  run("req", ...newKey, "-subj", `/O=operator/CN=${name}`, "-out", at("request.pem"));
  const profile = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n";
  await writeFile(at("profile"), `${profile}subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n`);
  const signer = [
    "-CA",
    root.certificatePath,
    "-CAkey",
    join(root.directory, "root-key.pem"),
    "-CAcreateserial",
  ];
  const output = ["-extfile", at("profile"), "-days", "365", "-out", at("ca-cert.pem")];
  run("x509", "-req", "-in", at("request.pem"), ...signer, ...output);
  await copyFile(at("ca-cert.pem"), at("cert-chain.pem"));
  const roots = rootFile.map(({ certificatePath }) =>
    execFileSync("openssl", ["x509", "-in", certificatePath]),
  );
  await writeFile(at("root-cert.pem"), Buffer.concat(roots));
}

/** Replaces the files of a set one by one, as operators and `cp` do. */
export async function installSet(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of ["root-cert.pem", "cert-chain.pem", "ca-cert.pem", "ca-key.pem"]) {
    await copyFile(join(from, name), join(to, `.${name}`));
    await rename(join(to, `.${name}`), join(to, name));
  }
}
