export type RefusalCode =
  | "TOKEN_MISSING"
  | "TOKEN_EXPIRED"
  | "TOKEN_AUDIENCE"
  | "TOKEN_ISSUER"
  | "TOKEN_REJECTED"
  | "CALLER_NOT_SERVICE_ACCOUNT";

export type Verdict = { readonly accepted: string } | { readonly refused: readonly RefusalCode[] };

interface Judged {
  readonly name: string;
  readonly class: string;
  readonly verdict: Verdict;
}

/** A token as it stands behind `Bearer `. */
export interface TokenCase extends Judged {
  readonly token: string;
}

/** Values of the `authorization` header, where the token itself is not what matters. */
export interface CredentialsCase extends Judged {
  readonly credentials: { readonly authorization: readonly string[] };
}

/** What a caller presents, and what must become of it. */
export type Case = TokenCase | CredentialsCase;

/** Whom a token of the table names unless its case says otherwise. */
export const frontend = acceptedAs("demo", "frontend");

export function acceptedAs(namespace: string, serviceAccount: string): Verdict {
  return { accepted: `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}` };
}

export function refused(...codes: readonly RefusalCode[]): Verdict {
  return { refused: codes };
}

export const rejected = refused("TOKEN_REJECTED");

/** Tokens of one class that share a verdict. */
export function group(
  className: string,
  verdict: Verdict,
  tokens: Readonly<Record<string, string>>,
): readonly TokenCase[] {
  return Object.entries(tokens).map(([name, token]) => ({ name, class: className, token, verdict }));
}

/** The same for whole header values. */
export function presented(
  verdict: Verdict,
  values: Readonly<Record<string, readonly string[]>>,
): readonly CredentialsCase[] {
  return Object.entries(values).map(([name, authorization]) => ({
    name,
    class: "authorization values",
    credentials: { authorization },
    verdict,
  }));
}

export function authorizationOf(presentedCase: Case): readonly string[] {
  return "token" in presentedCase
    ? [`Bearer ${presentedCase.token}`]
    : presentedCase.credentials.authorization;
}
