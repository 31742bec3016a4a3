import type { Answer, Command } from "./order.ts";
import { Callers } from "./run.ts";

// The load generator's process: it takes commands from its parent, one at a time, and exits with it.
let callers: Callers | undefined;

process.on("message", (command: Command) => {
  void answer(command).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ kind: "failed", reason: String(error) } satisfies Answer),
  );
});
process.on("disconnect", () => process.exit(0));

async function answer(command: Command): Promise<Answer> {
  if (command.kind === "target") {
    callers = new Callers(command.target);
    return { kind: "done" };
  }
  if (callers === undefined) throw new Error("no target");
  if (command.kind === "run") return { kind: "outcome", outcome: await callers.run(command.order) };
  await callers.prepare(command.order);
  return { kind: "done" };
}
