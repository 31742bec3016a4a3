import { RuntimeError } from "../errors.ts";

/** The configuration is invalid; `problems` lists everything that is wrong, one sentence each. */
export class ConfigInvalidError extends RuntimeError<"CONFIG_INVALID"> {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super("CONFIG_INVALID", `the configuration is invalid: ${problems.join("; ")}`);
    this.problems = problems;
  }
}
