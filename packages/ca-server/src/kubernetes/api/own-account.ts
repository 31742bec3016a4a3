import { readFile } from "node:fs/promises";
import { z } from "zod";

/** The CA's own service account, as its token names it. */
export interface OwnAccount {
  /** The issuer of the cluster's tokens. */
  readonly issuer: string | undefined;
  /** No other cluster has an account with this UID. */
  readonly uid: string | undefined;
}

const claimsSchema = z.object({
  iss: z.string().optional(),
  "kubernetes.io": z.object({ serviceaccount: z.object({ uid: z.string().min(1) }) }).optional(),
});

/** Reads the token that the CA presents to the API server. A token of another kind names no account. */
export async function readOwnAccount(tokenFile: string): Promise<OwnAccount> {
  try {
    const [, payload = ""] = (await readFile(tokenFile, "utf8")).trim().split(".");
    const claims = claimsSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return { issuer: claims.iss, uid: claims["kubernetes.io"]?.serviceaccount.uid };
  } catch {
    return { issuer: undefined, uid: undefined };
  }
}
