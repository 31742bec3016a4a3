/** The name of the figure that the summary repeats. */
export const stormTime = "time until all are served";
