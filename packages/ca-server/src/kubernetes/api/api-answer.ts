import { z } from "zod";
import type { HttpsReply } from "../../outbound/https-exchange.ts";

/** The API server answered with a status other than success. */
export class ApiAnswerError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor({ status, retryAfterMs }: Omit<HttpsReply, "body">, asked: string) {
    // A missing role is the most common cause of a 403.
    const hint = status === 401 || status === 403 ? "; grant the CA's service account the missing role" : "";
    super(`the API server answered ${status} to ${asked}${hint}`);
    this.name = "ApiAnswerError";
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Returns the JSON of a successful response. @throws ApiAnswerError, or Error if it is not JSON; neither
 * contains the body
 */
export function readAnswer(reply: HttpsReply, asked: string): unknown {
  if (reply.status !== 200 && reply.status !== 201) throw new ApiAnswerError(reply, asked);
  try {
    return JSON.parse(reply.body);
  } catch {
    throw new Error(`the API server's response to ${asked} is not JSON`);
  }
}

const statusSchema = z.object({
  details: z.object({ causes: z.array(z.object({ reason: z.string().optional() })) }),
});

/** Whether a write was refused because its namespace is terminating. Any other 403 means a missing role. */
export function isNamespaceTerminating({ status, body }: HttpsReply): boolean {
  if (status !== 403) return false;
  try {
    const { details } = statusSchema.parse(JSON.parse(body));
    return details.causes.some(({ reason }) => reason === "NamespaceTerminating");
  } catch {
    return false;
  }
}
