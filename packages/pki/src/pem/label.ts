const longestKnown = 40;

/**
 * The label of a block for messages. A line of a key that an editor has joined with the BEGIN line looks like a label:
 * known labels have capital letters, a line of base64 has others as well, and is not quoted.
 */
export function describeLabel(label: string): string {
  return label === label.toUpperCase() && label.length <= longestKnown ? label : "an unknown kind";
}
