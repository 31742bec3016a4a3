import type { PkiErrorCode } from "./errors.ts";

/** The CA has codes of the same names, and explains them. */
type CodeOfCa =
  | "CSR_MALFORMED"
  | "CSR_KEY_REJECTED"
  | "CSR_SIGNATURE_INVALID"
  | "LINT_FAILED"
  | "KEY_PASSPHRASE_WRONG";

const malformed = { section: "Parse errors" } as const;

/** What the codes of keys and certificates mean, in the form of the runtime's `CodeHelp`. */
export const pkiCodeHelp = {
  SPIFFE_ID_MALFORMED: { ...malformed, cause: "a text is not a [SPIFFE ID](glossary.md#spiffe-id)" },
  PEM_MALFORMED: { ...malformed, cause: "a file or text is not canonical PEM" },
  DER_MALFORMED: { ...malformed, cause: "bytes are not canonical DER" },
  KEY_MALFORMED: { ...malformed, cause: "a key cannot be parsed" },
  KEY_REJECTED: { ...malformed, cause: "a key is weak, or of a type that is not accepted" },
  CERTIFICATE_MALFORMED: { ...malformed, cause: "a certificate cannot be parsed" },
  CHAIN_INVALID: { ...malformed, cause: "certificates do not form a chain" },
  KEY_ENCRYPTED: {
    ...({ section: "The CA does not start", exit: 1, level: "error" } as const),
    cause: "a key has OpenSSL's encrypted format from before PKCS #8, which is not supported",
    fix: "convert it with `openssl pkcs8 -topk8`, and set `--key-passphrase-file`",
  },
} satisfies Record<Exclude<PkiErrorCode, CodeOfCa>, object>;
