import type { ConsoleStatus } from "../api.ts";
import { Panel } from "../parts/panel.tsx";
import { ReplicaCard } from "./replica-card.tsx";

/** Every process of the CA with its clock, ledger, disk and load. */
export function ReplicasPanel({ status, now }: { readonly status: ConsoleStatus; readonly now: number }) {
  const { replicas } = status;
  const ready = replicas.filter((replica) => replica.ready).length;
  const aside = replicas.length > 1 ? `${ready} of ${replicas.length} ready` : undefined;
  return (
    <Panel title={replicas.length > 1 ? "Replicas" : "CA"} aside={aside} wide>
      <ul class="replicas">
        {replicas.map((replica) => (
          <ReplicaCard key={replica.name} replica={replica} now={now} />
        ))}
      </ul>
    </Panel>
  );
}
