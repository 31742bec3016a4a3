/**
 * The answer of a CA. `otherwise` holds the answers of replicas that differ, which is normal only for
 * moments.
 */
export type Replicated<T> = T & { readonly otherwise?: readonly FromReplica<T>[] };

export type FromReplica<T> = T & { readonly replica: string };

/** Renders the answer, followed by the answers of replicas that differ. */
export function renderReplicated<T extends object>(
  answer: Replicated<T>,
  render: (one: T) => string,
): string {
  const others = (answer.otherwise ?? []).map(
    (one) => `\n! ${one.replica} reports a different state:\n${render(one)}`,
  );
  return `${render(answer)}${others.join("")}`;
}
