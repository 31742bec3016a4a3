import type { IncomingMessage } from "node:http";
import { z } from "zod";

const maxBytes = 1024;
const exchange = z.object({ token: z.string().max(256) });

/** The token in the body `{"token": …}`; undefined if the body is anything else. */
export async function readExchange(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  const parsed = exchange.safeParse(jsonOf(Buffer.concat(chunks).toString("utf8")));
  return parsed.success ? parsed.data.token : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
