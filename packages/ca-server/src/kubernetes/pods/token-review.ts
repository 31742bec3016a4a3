import { z } from "zod";
import { ReviewUnavailable, type TokenReviewStatus } from "../../authn/ports.ts";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import type { KubernetesClient } from "../api/api-client.ts";

const texts = z.array(z.string());

const statusSchema = z.object({
  // For an invalid token the API server omits the field instead of returning false.
  authenticated: z.boolean().default(false),
  audiences: texts.default([]),
  error: z.string().default(""),
  user: z
    .object({
      username: z.string().default(""),
      groups: texts.default([]),
      extra: z.record(z.string(), texts).default({}),
    })
    .prefault({}),
});

const reviewSchema = z.object({ status: statusSchema });

/** Sends a TokenReview to the API server. @throws ReviewUnavailable */
export async function reviewToken(
  client: Pick<KubernetesClient, "post">,
  token: string,
  audiences: readonly string[],
): Promise<TokenReviewStatus> {
  const review = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token, audiences },
  };
  const reply = await post(client, review);
  if (reply.status !== 201 && reply.status !== 200) throw refused(reply);
  const read = reviewSchema.safeParse(parseJson(reply.body));
  if (read.success)
    return withReason({ ...read.data.status, error: withoutToken(read.data.status.error, token) });
  throw new ReviewUnavailable("the API server's answer is not a TokenReview");
}

/**
 * What the validator of service account tokens says in kube-apiserver about a bound object that it does not find, or
 * finds with another UID. The status has no field for it. Any other text leaves the reason open.
 */
const invalidated =
  /service account token has been invalidated|service account \S+ has been deleted|UID \(\S*\) does not match|serviceaccounts? \S+ not found/;

function withReason(status: z.infer<typeof statusSchema>): TokenReviewStatus {
  const isInvalidated = !status.authenticated && invalidated.test(status.error);
  return { ...status, ...(isInvalidated ? { isInvalidated } : {}) };
}

/** Shorter parts of a token also occur in ordinary text. */
const shortestPart = 12;

/** The error may be that of an authentication webhook, which may quote what it received. The ledger records it. */
function withoutToken(error: string, token: string): string {
  const parts = token.split(".").filter(({ length }) => length >= shortestPart);
  return [token, ...parts].reduce((text, part) => text.replaceAll(part, "[token]"), error);
}

async function post(client: Pick<KubernetesClient, "post">, review: object): Promise<HttpsReply> {
  try {
    return await client.post("/apis/authentication.k8s.io/v1/tokenreviews", review);
  } catch (cause) {
    throw new ReviewUnavailable("the API server does not answer", { cause });
  }
}

/** A missing role is the most common cause of a 403. */
function refused({ status, retryAfterMs }: HttpsReply): ReviewUnavailable {
  const hint =
    status === 403 || status === 401
      ? "; bind the CA's service account to the cluster role system:auth-delegator"
      : "";
  return new ReviewUnavailable(`the API server answered ${status} to a TokenReview${hint}`, { retryAfterMs });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
