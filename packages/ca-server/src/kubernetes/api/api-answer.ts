import { z } from "zod";
import type { HttpsReply } from "../../outbound/https-exchange.ts";

/** The API server answered with a status that is not success. */
export class ApiAnswerError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor({ status, retryAfterMs }: Omit<HttpsReply, "body">, asked: string) {
    // The commonest cause of a 403 is the missing role, so it is named.
    const hint = status === 401 || status === 403 ? "; grant the CA's service account the missing role" : "";
    super(`the API server answered ${status} to ${asked}${hint}`);
    this.name = "ApiAnswerError";
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The JSON of a successful answer. @throws ApiAnswerError, and an Error where it is no JSON; both without its content */
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

/** Whether a write was refused since its namespace goes away; another 403 is a missing role. */
export function isNamespaceTerminating({ status, body }: HttpsReply): boolean {
  if (status !== 403) return false;
  try {
    const { details } = statusSchema.parse(JSON.parse(body));
    return details.causes.some(({ reason }) => reason === "NamespaceTerminating");
  } catch {
    return false;
  }
}
