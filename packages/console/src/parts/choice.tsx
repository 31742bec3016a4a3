import { useId } from "preact/hooks";

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly choices: readonly { readonly value: Value; readonly text: string }[];
  readonly value: Value;
  readonly change: (value: Value) => void;
}

/** One of a few values, as a row of radio buttons: the arrow keys move between them. */
export function Choice<Value extends string>({ label, choices, value, change }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {choices.map((one) => (
        <label key={one.value}>
          <input
            type="radio"
            name={name}
            value={one.value}
            checked={one.value === value}
            onChange={() => change(one.value)}
          />
          <span>{one.text}</span>
        </label>
      ))}
    </fieldset>
  );
}
