import { shortName } from "../words/spiffe-words.ts";

/** `demo/frontend` for a workload of a namespace; the title has the whole SPIFFE ID. */
export function SpiffeName({ id }: { readonly id: string }) {
  return (
    <span class="spiffe" title={id}>
      {shortName(id)}
    </span>
  );
}
