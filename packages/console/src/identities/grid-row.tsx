import { ExpiryBar } from "../parts/expiry-bar.tsx";
import type { IdentityRow } from "./identity-rows.ts";

interface GridRowProps {
  readonly row: IdentityRow;
  readonly index: number;
  readonly chosen: boolean;
  readonly now: number;
  readonly choose: () => void;
}

export function GridRow({ row, index, chosen, now, choose }: GridRowProps) {
  const { spiffeId, pod = "", serial } = row.identity;
  return (
    <tr
      id={`row-${index}`}
      class={chosen ? "chosen" : undefined}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      onClick={choose}
    >
      <th scope="row" class="cell-name" title={spiffeId}>
        {row.name}
      </th>
      <td class="cell-expiry">
        <ExpiryBar notBefore={row.notBefore} notAfter={row.notAfter} now={now} />
      </td>
      <td class="cell-pod" title={pod}>
        {pod}
      </td>
      <td class="cell-serial" title={serial}>
        <code>{serial.slice(0, 12)}</code>
      </td>
    </tr>
  );
}
