/** What V8 reports with `--trace-gc`. */
export interface Collections {
  readonly count: number;
  readonly freedMib: number;
  readonly pausesMs: number;
}

const line =
  /(?:Scavenge|Mark-Compact|Minor Mark-\w+)[^\d]*([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB,.*? ([\d.]+) \/ [\d.]+ ms/;

/** The sum of all collections in a log. Other lines are ignored. */
export function readCollections(log: string): Collections {
  const found = log.split("\n").flatMap((text) => {
    const [, before, after, ms] = line.exec(text) ?? [];
    return ms === undefined ? [] : [{ freedMib: Number(before) - Number(after), ms: Number(ms) }];
  });
  return {
    count: found.length,
    freedMib: found.reduce((sum, { freedMib }) => sum + freedMib, 0),
    pausesMs: found.reduce((sum, { ms }) => sum + ms, 0),
  };
}
