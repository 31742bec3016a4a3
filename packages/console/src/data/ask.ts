import type { ConsoleError } from "../api.ts";
import type { Reply } from "./polled-answer.ts";

const ended: ConsoleError = {
  code: "CONSOLE_ENDED",
  message: "the command kasbah console does not answer",
  fix: "start it again, and open the link that it prints",
};

const session: ConsoleError = {
  code: "SESSION_MISSING",
  message: "this page has no session with the command, which may have been restarted",
  fix: "open the link that kasbah console printed last",
};

/** Asks the command for one answer. `tag` is the `etag` of the last one. */
export async function ask<T>(
  fetchAnswer: typeof fetch,
  path: string,
  tag: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly reply: Reply<T>; readonly tag?: string | undefined }> {
  let response: Response;
  try {
    const headers = tag === undefined ? {} : { "if-none-match": tag };
    response = await fetchAnswer(path, { headers, signal, cache: "no-store", redirect: "error" });
    if (response.status === 304) return { reply: { kind: "unchanged" }, tag };
    if (response.status === 401) return { reply: { kind: "session", error: session } };
    const body: unknown = await response.json();
    if (!response.ok) return { reply: { kind: "refused", error: errorIn(body, response.status) } };
    // The command that serves this page writes the answers, from the same types.
    return { reply: { kind: "data", data: body as T }, tag: response.headers.get("etag") ?? undefined };
  } catch {
    return { reply: { kind: "ended", error: ended } };
  }
}

/** The error in a reply, or one that names the status if the reply contains none. */
export function errorIn(body: unknown, status: number): ConsoleError {
  const { code, message, fix } = Object(body) as Partial<Record<keyof ConsoleError, unknown>>;
  if (typeof code === "string" && typeof message === "string")
    return { code, message, ...(typeof fix === "string" ? { fix } : {}) };
  return { code: `HTTP_${status}`, message: `the command replied with status ${status}` };
}
