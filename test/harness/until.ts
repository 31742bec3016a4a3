/** The deadline of one wait in a test of real processes, generous enough for a machine that runs ten other things. */
export const patienceMs = 60_000;

/** The deadline of one test whose waits follow one another. */
export const suiteTimeoutMs = 180_000;
