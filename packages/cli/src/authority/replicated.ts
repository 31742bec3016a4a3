/** What a CA says. One of several replicas may say otherwise, which none should for longer than moments. */
export type Replicated<T> = T & { readonly otherwise?: readonly FromReplica<T>[] };

export type FromReplica<T> = T & { readonly replica: string };

/** What is told, and below it what each replica says that says otherwise. */
export function renderReplicated<T extends object>(told: Replicated<T>, render: (one: T) => string): string {
  const others = (told.otherwise ?? []).map(
    (one) => `\n! ${one.replica} reports a different state:\n${render(one)}`,
  );
  return `${render(told)}${others.join("")}`;
}
