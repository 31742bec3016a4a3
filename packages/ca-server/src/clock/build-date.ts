/**
 * No machine can run this release before it was made. A constant, so that every build of one commit is the
 * same. It is a lower bound only: it need not be exact, and it must not lie in the future.
 */
export const buildDate = new Date("2026-11-29T00:00:00Z");
