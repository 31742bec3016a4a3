import type { Certificate } from "../certificate/certificate.ts";

/** A reason why some clients reject what an authority signs, although OpenSSL accepts it. */
export interface ClientFinding {
  /** A stable name, for operators to search for. */
  readonly name: string;
  /** The certificate to replace. */
  readonly certificate: Certificate;
  /** What the certificate does, and who rejects it: follows the certificate's name in a sentence. */
  readonly problem: string;
}
