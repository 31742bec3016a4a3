const workers = 4;

/** Maps items with a few at a time, because each starts processes. */
export async function inParallel<In, Out>(
  items: readonly In[],
  map: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = new Array(items.length);
  const rest = items.entries();
  const work = async () => {
    for (const [index, item] of rest) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}
