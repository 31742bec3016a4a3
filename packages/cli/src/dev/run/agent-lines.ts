import { z } from "zod";
import type { TakeOutput } from "../../mesh/processes/child-log.ts";

const line = z.object({
  level: z.string(),
  event: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** Shortens the agent's lines of JSON to what a developer needs: the level, the event and the reason. */
export function shortAgentLines(take: TakeOutput): TakeOutput {
  let rest = "";
  return (text, stream) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const each of lines) take(`${shortened(each)}\n`, stream);
  };
}

function shortened(text: string): string {
  try {
    const { level, event, code, message, error } = line.parse(JSON.parse(text));
    const reason = error?.message ?? message ?? code;
    return `${level.toUpperCase()}: ${event}${reason === undefined ? "" : `: ${reason}`}`;
  } catch {
    return text;
  }
}
