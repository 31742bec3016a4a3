import { readFile } from "node:fs/promises";
import { parseCertificates, parsePrivateKey } from "@kasbah/pki";
import type { Answer } from "./client.ts";

/** Reads the files that a tool wrote; fails if the key does not belong to the certificate. */
export async function readPemFiles(chainFile: string, keyFile: string, rootFile: string): Promise<Answer> {
  const [chain = "", key = "", roots = ""] = await Promise.all(
    [chainFile, keyFile, rootFile].map((file) => readFile(file, "utf8")),
  );
  const certificates = parseCertificates(chain);
  if (certificates[0]?.publicKey.equals(parsePrivateKey(key).publicKey) !== true) {
    return { error: "the key does not belong to the certificate" };
  }
  const inBase64 = ({ der }: { readonly der: Uint8Array }) => Buffer.from(der).toString("base64");
  return { chain: certificates.map(inBase64), roots: parseCertificates(roots).map(inBase64) };
}
