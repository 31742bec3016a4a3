export type Verdict = "accepted" | "CSR_MALFORMED" | "CSR_KEY_REJECTED" | "CSR_SIGNATURE_INVALID" | "refused";

/** One request and what must become of it; `refused` where any of the codes is right. */
export interface Case {
  readonly title: string;
  readonly pem: string;
  readonly verdict: Verdict;
}

/** Names a group of requests that share a verdict. */
export function group(verdict: Verdict, requests: Readonly<Record<string, string>>): Case[] {
  return Object.entries(requests).map(([title, pem]) => ({ title, pem, verdict }));
}
