import type { ConsoleError } from "../api.ts";
import { errorIn } from "../data/ask.ts";
import { tokenIn } from "../shell/route.ts";

/**
 * Exchanges the token of a one-time link for the session's cookie.
 *
 * @returns why there is no session; undefined if there is one, or the address contains no token
 */
export async function enterConsole(hash: string, post: typeof fetch): Promise<ConsoleError | undefined> {
  const token = tokenIn(hash);
  if (token === undefined) return undefined;
  try {
    const response = await post("/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
      redirect: "error",
    });
    if (response.ok) return undefined;
    return errorIn(await response.json().catch(() => undefined), response.status);
  } catch {
    return { code: "CONSOLE_ENDED", message: "the command kasbah console does not answer" };
  }
}
