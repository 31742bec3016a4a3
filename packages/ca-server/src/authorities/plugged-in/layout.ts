import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";

/** The file names of a plugged-in CA. */
export interface PluggedInNames {
  /** The signing certificate comes first; in a TLS Secret its intermediates follow. */
  readonly certificate: string;
  readonly key: string;
  /** The intermediates. A TLS Secret has no separate file for them. */
  readonly chain: string | undefined;
  readonly roots: string;
}

export const istioNames: PluggedInNames = {
  certificate: "ca-cert.pem",
  key: "ca-key.pem",
  chain: "cert-chain.pem",
  roots: "root-cert.pem",
};

/** The names in a Secret of type kubernetes.io/tls. */
export const secretNames: PluggedInNames = {
  certificate: "tls.crt",
  key: "tls.key",
  chain: undefined,
  roots: "ca.crt",
};

export function fileNames({ certificate, key, chain, roots }: PluggedInNames): readonly string[] {
  return [certificate, key, ...(chain === undefined ? [] : [chain]), roots];
}

/** The file that contains the chain, for messages. */
export function chainFileOf({ certificate, chain }: PluggedInNames): string {
  return chain ?? certificate;
}

/**
 * The name `tls.crt` alone decides the layout, so that an unreadable file does not count as a missing one.
 */
export async function layoutOf(home: string): Promise<PluggedInNames> {
  return (await hasName(join(home, secretNames.certificate))) ? secretNames : istioNames;
}

/**
 * Resolves the directory once for all files. In a kubelet mount each name links through `..data`, which the
 * kubelet swaps; the directory behind it never changes.
 */
export async function homeOf(directory: string): Promise<string> {
  return realpath(join(directory, "..data")).catch(() => directory);
}

/** Whether the name exists, even as a dangling link. */
export async function hasName(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
