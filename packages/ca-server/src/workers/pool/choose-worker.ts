/** The connections of one worker. */
export interface WorkerConnections {
  readonly size: number;
  /** The number of connections of an address group. */
  of(group: string): number;
}

/**
 * The worker for a new connection: the one with the fewest connections of its address, because limits for each address
 * are divided among workers, and among these the one with the fewest in all, or the first of several.
 */
export function chooseWorker<Worker extends { readonly connections: WorkerConnections }>(
  workers: Iterable<Worker>,
  group: string,
): Worker | undefined {
  let best: Worker | undefined;
  for (const worker of workers) {
    if (best === undefined || isLess(worker.connections, best.connections, group)) best = worker;
  }
  return best;
}

function isLess(one: WorkerConnections, other: WorkerConnections, group: string): boolean {
  const difference = one.of(group) - other.of(group);
  return difference === 0 ? one.size < other.size : difference < 0;
}
