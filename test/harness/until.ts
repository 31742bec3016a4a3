/** The deadline of one wait in a test of real processes, long enough for a heavily loaded machine. */
export const patienceMs = 60_000;

/** The deadline of a test with several consecutive waits. */
export const suiteTimeoutMs = 180_000;
/** For one full attack, which may last minutes on a busy machine. */
export const attackTimeoutMs = 900_000;
