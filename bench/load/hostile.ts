import type { Call } from "./dialects.ts";

/** The form of a call that must not get a certificate; `index` chooses its kind. */
export function hostileForm({ headers, body }: Call, index: number): Call {
  const { authorization, ...others } = headers;
  const forms: readonly (() => Call)[] = [
    () => ({ headers: { ...others, authorization: forged(String(authorization)) }, body }),
    () => ({ headers: { ...headers, authorization: `Bearer ${"x".repeat(16_000)}` }, body }),
    () => ({ headers: others, body }),
    // A flipped bit within the signature of the CSR.
    () => ({ headers, body: flipped(body) }),
    () => ({ headers, body: Buffer.alloc(60_000, 0x41) }),
  ];
  return (forms[index % forms.length] ?? forms[0])?.() ?? { headers, body };
}

function forged(authorization: string): string {
  const [signed = "", signature = ""] = authorization.split(/\.(?=[^.]*$)/);
  return `${signed}.${Buffer.from(signature, "base64url").reverse().toString("base64url")}`;
}

function flipped(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const end = copy.indexOf("-----END") - 12;
  copy[end] = copy[end] === 0x41 ? 0x42 : 0x41;
  return copy;
}
