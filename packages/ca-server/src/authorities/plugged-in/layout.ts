import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";

/** What the files of a plugged-in CA are called. */
export interface PluggedInNames {
  /** The signing certificate first; in a TLS secret its intermediates follow. */
  readonly certificate: string;
  readonly key: string;
  /** Intermediates; a TLS secret has no file for them alone. */
  readonly chain: string | undefined;
  readonly roots: string;
}

export const istioNames: PluggedInNames = {
  certificate: "ca-cert.pem",
  key: "ca-key.pem",
  chain: "cert-chain.pem",
  roots: "root-cert.pem",
};

/** Of a secret of type kubernetes.io/tls. */
const secretNames: PluggedInNames = {
  certificate: "tls.crt",
  key: "tls.key",
  chain: undefined,
  roots: "ca.crt",
};

export function fileNames({ certificate, key, chain, roots }: PluggedInNames): readonly string[] {
  return [certificate, key, ...(chain === undefined ? [] : [chain]), roots];
}

/** Where the chain is written, for messages. */
export function chainFileOf({ certificate, chain }: PluggedInNames): string {
  return chain ?? certificate;
}

/** A `tls.crt` decides as soon as its name is there: one that can not be read must not pass for none. */
export async function layoutOf(home: string): Promise<PluggedInNames> {
  return (await hasName(join(home, secretNames.certificate))) ? secretNames : istioNames;
}

/**
 * Where the files of one moment lie. In a kubelet mount each name is a link through `..data`, which is swapped while we
 * read; what lies behind it never changes, so it is followed once for all files.
 */
export async function homeOf(directory: string): Promise<string> {
  return realpath(join(directory, "..data")).catch(() => directory);
}

/** Whether there is anything of the name, be it a link to nothing. */
export async function hasName(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
