const idOctets = 6;
const poolOctets = 4092;

/** Returns a generator of short random names for calls. Random octets are drawn for many names at once. */
export function createReferenceIds(drawOctets: (length: number) => Buffer): () => string {
  let pool = "";
  let next = 0;
  return () => {
    if (next >= pool.length) {
      pool = drawOctets(poolOctets).toString("hex");
      next = 0;
    }
    next += 2 * idOctets;
    return pool.slice(next - 2 * idOctets, next);
  };
}
