/** A text in which `backticks` mark code, as in the tables of error codes. */
export function MarkedText({ text }: { readonly text: string }) {
  // Every second part stands between backticks.
  const parts = text.split("`").map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part));
  return <>{parts}</>;
}
