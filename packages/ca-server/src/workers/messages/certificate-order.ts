import { type CertificateRequest, PkiError, parsePublicKey } from "@kasbah/pki";
import type { CreateCertificateRequest } from "@kasbah/protocol";
import type { ByteReader } from "../frames/byte-reader.ts";
import type { ByteWriter } from "../frames/byte-writer.ts";
import { FrameError } from "../frames/frame-error.ts";

/** A request whose CSR a worker has parsed, and whose self-signature it has verified. */
export interface ParsedOrder extends CreateCertificateRequest {
  /** @throws PkiError with the problem that the worker found */
  readonly parsedCsr: () => CertificateRequest;
}

/** What a worker made of the body of a call. */
export type ReceivedBody =
  | { readonly kind: "malformed"; readonly problem: string }
  | { readonly kind: "order"; readonly order: ParsedOrder };

const kinds = ["malformed", "order"] as const;
const csrProblems = ["CSR_MALFORMED", "CSR_KEY_REJECTED", "CSR_SIGNATURE_INVALID", "KEY_REJECTED"] as const;
/** Longer messages come from longer inputs, which no reader needs. */
const maxProblemLength = 1_000;

export function writeBody(body: ReceivedBody, out: ByteWriter): void {
  out.byte(kinds.indexOf(body.kind));
  if (body.kind === "malformed") out.text(body.problem.slice(0, maxProblemLength));
  else writeOrder(body.order, out);
}

function writeOrder(order: ParsedOrder, out: ByteWriter): void {
  const { validityDurationSeconds, impersonatedIdentity, certSigner, parsedCsr } = order;
  out.double(validityDurationSeconds);
  out.text(impersonatedIdentity);
  out.text(certSigner);
  const outcome = outcomeOf(parsedCsr);
  out.optional(outcome.problem, ({ code, message }) => {
    out.byte(indexOfProblem(code));
    out.text(message.slice(0, maxProblemLength));
  });
  out.optional(outcome.request, (request) => writeRequest(request, out));
}

export function readBody(from: ByteReader): ReceivedBody {
  if (from.word(kinds) === "malformed") return { kind: "malformed", problem: from.text() };
  const validityDurationSeconds = from.double();
  const [impersonatedIdentity, certSigner] = [from.text(), from.text()];
  const problem = from.optional(() => ({ code: from.word(csrProblems), message: from.text() }));
  const request = from.optional(() => readRequest(from));
  const parsedCsr = () => {
    if (problem !== undefined) throw new PkiError(problem.code, problem.message);
    if (request === undefined) throw new FrameError("an order has neither a CSR nor its problem");
    return request();
  };
  const order = { csr: "", validityDurationSeconds, impersonatedIdentity, certSigner, parsedCsr };
  return { kind: "order", order };
}

function outcomeOf(parsedCsr: () => CertificateRequest): {
  readonly request?: CertificateRequest;
  readonly problem?: PkiError;
} {
  try {
    return { request: parsedCsr() };
  } catch (error) {
    if (error instanceof PkiError) return { problem: error };
    throw error;
  }
}

function indexOfProblem(code: string): number {
  const index = (csrProblems as readonly string[]).indexOf(code);
  return index < 0 ? 0 : index;
}

function writeRequest(request: CertificateRequest, out: ByteWriter): void {
  out.bytes(request.publicKey.spki);
  out.boolean(request.hasCommonName);
  for (const texts of [request.requestedUris, request.requestedDnsNames, request.ignored]) {
    out.list(texts, (text) => out.text(text));
  }
}

/** The key passes through the same parser again: it is the only part of the CSR that enters a certificate. */
function readRequest(from: ByteReader): () => CertificateRequest {
  const spki = from.bytes();
  const hasCommonName = from.boolean();
  const texts = () => from.list(() => from.text());
  const [requestedUris, requestedDnsNames, ignored] = [texts(), texts(), texts()];
  return () => {
    const publicKey = parsePublicKey(spki);
    return { publicKey, hasCommonName, requestedUris, requestedDnsNames, ignored };
  };
}
