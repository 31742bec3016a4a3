/** How long to wait for what must happen, on a machine that does ten other things. */
export const patienceMs = 60_000;

/** For a suite: its waits lie one after another. */
export const suiteTimeoutMs = 180_000;
