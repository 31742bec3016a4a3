import "reflect-metadata";
import { Crypto } from "@peculiar/webcrypto";
import { cryptoProvider, Pkcs10CertificateRequest } from "@peculiar/x509";

const crypto = new Crypto();
cryptoProvider.set(crypto);

/**
 * The verdict of a naive CA that trusts the library: parse, verify, issue. It skips requests above 16 KiB,
 * because the library's PEM parser can take minutes for one.
 */
export async function naiveVerdict(pem: string): Promise<"accepted" | "refused" | "left out"> {
  if (pem.length > 16 * 1024) return "left out";
  try {
    const request = new Pkcs10CertificateRequest(pem);
    return (await request.verify(crypto)) ? "accepted" : "refused";
  } catch {
    return "refused";
  }
}
