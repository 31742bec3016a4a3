/** A key that waits for a certificate of the company's PKI. The vault stores it under the request's id. */
export interface AuthorityRequest {
  /** Such as `request-1`. A number is never used twice. */
  readonly id: string;
  readonly createdAt: Date;
  /** After this time the key is destroyed. */
  readonly expiresAt: Date;
}

/** The outstanding requests, and how many the CA has ever made. */
export interface AuthorityRequests {
  readonly made: number;
  readonly open: readonly AuthorityRequest[];
}

export const noRequests: AuthorityRequests = { made: 0, open: [] };

/** The number in an id, such as 3 for `request-3`. */
export function requestNumber(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
