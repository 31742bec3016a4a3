import type { ConsoleIdentities } from "../api.ts";
import { countWords, pluralWords } from "../words/count-words.ts";

type CountedIdentities = Pick<ConsoleIdentities, "names" | "total"> & {
  readonly identities: { readonly length: number };
};

/** How many identities there are, and how many rows a search selected. Pods that share an identity have a row each. */
export function identityCount({ names, total, identities }: CountedIdentities, selected: number): string {
  const all = pluralWords(names, "identity", "identities");
  const rows = names === total ? all : pluralWords(total, "certificate");
  const isCut = identities.length < total;
  const note = isCut ? `; the first ${countWords(identities.length)} by name are listed` : "";
  if (selected < identities.length) return `${countWords(selected)} of ${rows}${note}`;
  return `${rows === all ? all : `${all} with ${rows}`}${note}`;
}
