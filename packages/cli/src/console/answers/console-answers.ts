import type { ConsoleIdentities, ConsoleRefusals, ConsoleRotation, ConsoleStatus } from "@kasbah/console";

/** Answers the questions of the page, from the same sources as the commands. */
export interface ConsoleAnswers {
  status(): Promise<ConsoleStatus>;
  identities(): Promise<ConsoleIdentities>;
  rotation(): Promise<ConsoleRotation>;
  refusals(since: Date): Promise<ConsoleRefusals>;
}
