/** One name of a leaf (RFC 5280 §4.2.1.6). */
export interface SubjectAltName {
  readonly kind: "uri" | "dns" | "ip";
  readonly value: string;
}
