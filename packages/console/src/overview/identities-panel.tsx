import type { ConsoleIdentityTotals, ConsoleStatus } from "../api.ts";
import { ExpiryBar } from "../parts/expiry-bar.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { SpiffeName } from "../parts/spiffe-name.tsx";
import { routeHash } from "../shell/route.ts";
import { countWords, pluralWords } from "../words/count-words.ts";

const mostShown = 5;

/** How many identities there are, and those whose renewal is late. */
export function IdentitiesPanel({ status, now }: { readonly status: ConsoleStatus; readonly now: number }) {
  const { identities } = status;
  const link = <a href={routeHash("identities")}>Identities</a>;
  return (
    <Panel title="Identities" aside={link}>
      {identities === undefined || identities.live + identities.late === 0 ? (
        <Empty title={identities === undefined ? "The CA does not report its identities" : "No identity yet"}>
          {identities === undefined
            ? "The page Identities reads them from the ledger."
            : "A workload appears here as soon as its agent has fetched a certificate."}
        </Empty>
      ) : (
        <IdentitiesSummary identities={identities} now={now} />
      )}
    </Panel>
  );
}

interface SummaryProps {
  readonly identities: ConsoleIdentityTotals;
  readonly now: number;
}

function IdentitiesSummary({ identities: { live, late, soonest, partial = false }, now }: SummaryProps) {
  return (
    <>
      <p class="figure-line">
        <span class="figure">{countWords(live)}</span> with a valid certificate
      </p>
      {late === 0 ? (
        <p class="muted">All are renewed in time.</p>
      ) : (
        <>
          <p>
            <a href={routeHash("identities", { only: "late" })}>
              {partial && "At least "}
              {pluralWords(late, "renewal")} late
            </a>
            <span class="muted">: less than a quarter of the lifetime is left.</span>
          </p>
          <ul class="plain-list">
            {soonest.slice(0, mostShown).map(({ spiffeId, serial, notBefore, notAfter }) => (
              <li key={serial} class="late-row">
                <SpiffeName id={spiffeId} />
                <ExpiryBar notBefore={Date.parse(notBefore)} notAfter={Date.parse(notAfter)} now={now} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
