import type { ConsoleRotation } from "../api.ts";
import { Panel } from "../parts/panel.tsx";
import { ScrollArea } from "../parts/scroll-area.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { shortName } from "../words/spiffe-words.ts";

interface ClientsProps {
  readonly status: ConsoleRotation;
  readonly now: number;
}

/** What else a rotation waits for: clients without the new root, and keys without a signed chain. */
export function ClientsPanel({ status: { rootClients = [], requests = [] }, now }: ClientsProps) {
  return (
    <>
      {rootClients.length > 0 && (
        <Panel title="Clients without the new root" aside={`${rootClients.length}`} wide>
          <p class="muted">
            They have not shown that they hold the root to which the rotation leads. Check how they read their
            root file.
          </p>
          <ScrollArea label="Table of clients without the new root">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">Client</th>
                  <th scope="col">Address</th>
                  <th scope="col">Program</th>
                  <th scope="col">Root</th>
                  <th scope="col">Its certificate expires</th>
                </tr>
              </thead>
              <tbody>
                {rootClients.map(({ spiffeId, address, program, kind, until }) => (
                  <tr key={`${spiffeId} ${address}`}>
                    <th scope="row" title={spiffeId}>
                      {shortName(spiffeId)}
                    </th>
                    <td>{address}</td>
                    <td>{program}</td>
                    <td>{kind === "old-root" ? "the old one" : "unknown"}</td>
                    <td>
                      <TimeText at={until} now={now} show="distance" />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollArea>
        </Panel>
      )}
      {requests.length > 0 && (
        <Panel title="Keys that wait for a signed chain" wide>
          <ul class="plain-list">
            {requests.map(({ id, expiresAt }) => (
              <li key={id}>
                <code>{id}</code> waits until <TimeText at={expiresAt} now={now} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
