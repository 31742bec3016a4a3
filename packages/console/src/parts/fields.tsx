import type { ComponentChildren } from "preact";

interface FieldProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

/** Names and their values, in two columns. */
export function Fields({ children }: { readonly children: ComponentChildren }) {
  return <dl class="fields">{children}</dl>;
}

export function LabelledValue({ name, children }: FieldProps) {
  return (
    <div class="field">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
