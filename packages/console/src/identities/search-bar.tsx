import type { ComponentChildren } from "preact";
import { Choice } from "../parts/choice.tsx";
import { SearchField } from "../parts/search-field.tsx";
import type { IdentityQuery } from "./identity-rows.ts";

interface SearchBarProps {
  readonly query: IdentityQuery;
  readonly change: (fields: Partial<IdentityQuery>) => void;
  /** How many rows there are. */
  readonly children: ComponentChildren;
}

const choices = [
  { value: "all", text: "All" },
  { value: "late", text: "Late" },
  { value: "expired", text: "Expired" },
] as const;

export function SearchBar({ query, change, children }: SearchBarProps) {
  return (
    <div class="bar">
      <SearchField
        label="Search identities"
        placeholder="namespace, service account, pod or serial"
        text={query.text}
        change={(text) => change({ text })}
      />
      <Choice label="Show" choices={choices} value={query.only} change={(only) => change({ only })} />
      <p class="bar-count" role="status">
        {children}
      </p>
    </div>
  );
}
