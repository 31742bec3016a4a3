import type { Logger } from "@kasbah/runtime";

/**
 * Logs errors as information. The CA works without the cluster's keys, so an operator who withholds them needs no
 * error in the log.
 */
export function quietLogger(logger: Logger): Logger {
  return {
    debug: (event, facts) => logger.debug(event, facts),
    info: (event, facts) => logger.info(event, facts),
    warn: (event, facts) => logger.warn(event, facts),
    error: (event, facts) => logger.info(event, facts),
    child: (facts) => quietLogger(logger.child(facts)),
  };
}
