export type Verdict = "accepted" | "CSR_MALFORMED" | "CSR_KEY_REJECTED" | "CSR_SIGNATURE_INVALID" | "refused";

/** A request and its expected verdict; `refused` if any of the codes is acceptable. */
export interface Case {
  readonly title: string;
  readonly pem: string;
  readonly verdict: Verdict;
}

/** Groups requests that share a verdict. */
export function group(verdict: Verdict, requests: Readonly<Record<string, string>>): Case[] {
  return Object.entries(requests).map(([title, pem]) => ({ title, pem, verdict }));
}
