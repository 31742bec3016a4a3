/** The file descriptor of a worker's pipe to the main process, after the standard ones and the channel of Node.js. */
export const workerPipe = 4;
