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

/** A token to be sent after `Bearer `. */
export interface TokenCase extends Judged {
  readonly token: string;
}

/** Values of the `authorization` header, for cases in which the token itself does not matter. */
export interface CredentialsCase extends Judged {
  readonly credentials: { readonly authorization: readonly string[] };
}

/** The credentials of a caller, and the expected verdict. */
export type Case = TokenCase | CredentialsCase;

/** The identity in a token of the table unless its case specifies another. */
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

/** The same for complete header values. */
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
