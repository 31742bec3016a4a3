import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";

/** The files of a plugged-in CA by what they are for; the names are Istio's, or those of a kubernetes.io/tls secret. */
export interface PluggedInFiles {
  /** The signing certificate first; in the second layout its intermediates follow. */
  readonly certificate: string;
  readonly key: string;
  /** Intermediates, in the second layout with the roots. */
  readonly chain: string;
  readonly roots: string;
  /** Hex SHA-256 over the names and contents. */
  readonly digest: string;
  readonly names: PluggedInNames;
}

export interface PluggedInNames {
  readonly certificate: string;
  readonly key: string;
  readonly chain: string | undefined;
  readonly roots: string;
}

const istioNames: PluggedInNames = {
  certificate: "ca-cert.pem",
  key: "ca-key.pem",
  chain: "cert-chain.pem",
  roots: "root-cert.pem",
};
const secretNames: PluggedInNames = {
  certificate: "tls.crt",
  key: "tls.key",
  chain: undefined,
  roots: "ca.crt",
};

const maxFileBytes = 1024 * 1024;
const readAttempts = 5;

/**
 * Reads the files of one moment: kubelet and people replace them while we read.
 *
 * @throws StateError `PLUGGED_IN_INCOMPLETE`, `PLUGGED_IN_REJECTED`, `AUTHORITY_KEY_EXPOSED`
 */
export async function readPluggedInFiles(directory: string): Promise<PluggedInFiles | undefined> {
  for (let attempt = 1; ; attempt++) {
    const files = await readOnce(directory, true);
    const again = await readOnce(directory, false);
    if (files?.digest === again?.digest) return files;
    if (attempt === readAttempts) {
      throw new StateError("PLUGGED_IN_INCOMPLETE", `the files in ${directory} change while they are read`);
    }
  }
}

/** A digest of what counts in the directory; "" when there is nothing. Never throws for bad content. */
export async function digestPluggedInFiles(directory: string): Promise<string> {
  const layout = await layoutOf(directory);
  const contents = await Promise.all(
    namesIn(layout).map(async (name) => [name, await contentOf(join(directory, name), false).catch(String)]),
  );
  return digestOf(contents.filter(([, content]) => content !== undefined));
}

async function readOnce(directory: string, mustBeSafe: boolean): Promise<PluggedInFiles | undefined> {
  const names = await layoutOf(directory);
  const read = (name: string) => contentOf(join(directory, name), mustBeSafe && name === names.key);
  const found = await Promise.all(namesIn(names).map(async (name) => [name, await read(name)] as const));
  const missing = found.filter(([, content]) => content === undefined).map(([name]) => name);
  if (missing.length === found.length) return undefined;
  if (missing.length > 0) {
    throw new StateError(
      "PLUGGED_IN_INCOMPLETE",
      `${directory} lacks ${missing.join(", ")}: a CA to plug in has ${namesIn(names).join(", ")}`,
    );
  }
  const contents = new Map(found);
  const content = (name: string | undefined) => (name === undefined ? "" : (contents.get(name) ?? ""));
  return {
    certificate: content(names.certificate),
    key: content(names.key),
    chain: content(names.chain),
    roots: content(names.roots),
    digest: digestOf(found),
    names,
  };
}

async function layoutOf(directory: string): Promise<PluggedInNames> {
  const handle = await open(
    join(directory, secretNames.certificate),
    constants.O_RDONLY | constants.O_NONBLOCK,
  ).catch(() => undefined);
  await handle?.close();
  return handle === undefined ? istioNames : secretNames;
}

function namesIn({ certificate, key, chain, roots }: PluggedInNames): string[] {
  return [certificate, key, ...(chain === undefined ? [] : [chain]), roots];
}

function digestOf(contents: readonly (readonly (string | undefined)[])[]): string {
  if (contents.length === 0) return "";
  return createHash("sha256").update(JSON.stringify(contents)).digest("hex");
}

/** Links are followed: a kubelet mount consists of them, and the directory is the operator's. */
async function contentOf(path: string, isKey: boolean): Promise<string | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw rejected(`${path} is no regular file`);
      if (stats.size > maxFileBytes) throw rejected(`${path} is larger than ${maxFileBytes} bytes`);
      if (isKey) refuseExposedKey(path, stats.mode);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof StateError) throw cause;
    const reason = errnoOf(cause);
    if (reason === "ENOENT" || reason === "ENOTDIR") return undefined;
    throw rejected(`${path} can not be read: ${reason ?? "unexpected failure"}`, cause);
  }
}

function refuseExposedKey(path: string, mode: number): void {
  if ((mode & 0o077) === 0) return;
  throw new StateError(
    "AUTHORITY_KEY_EXPOSED",
    `${path} has mode ${(mode & 0o777).toString(8)}: a key that others may read is not used; chmod 600 it, or give its Kubernetes volume defaultMode 0400`,
  );
}

function rejected(message: string, cause?: unknown): StateError {
  return new StateError("PLUGGED_IN_REJECTED", message, { cause });
}
