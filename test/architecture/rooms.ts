import { findCycleIn, type Source, targetOf } from "./sources.ts";

/** The first cycle among rooms, the first-level folders of a package's `src`; types count. Files of `src` itself do not. */
export function findRoomCycle(sources: readonly Source[]): readonly string[] | undefined {
  const graph = new Map<string, Set<string>>();
  for (const source of sources) {
    const room = roomAt(source.path);
    if (room === undefined) continue;
    const imported = graph.get(room) ?? new Set<string>();
    graph.set(room, imported);
    for (const { specifier } of source.imports) {
      const target = targetOf(source, specifier);
      const other = target === undefined ? undefined : roomAt(target);
      if (other !== undefined && other !== room) imported.add(other);
    }
  }
  return findCycleIn(graph);
}

function roomAt(path: string): string | undefined {
  return /^.*?\/src\/[^/]+(?=\/)/.exec(path)?.[0];
}
