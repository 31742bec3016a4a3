import { useMemo, useState } from "preact/hooks";
import type { ConsoleIdentities } from "../api.ts";
import type { PolledAnswer } from "../data/polled-answer.ts";
import { useCaTime } from "../data/use-answer.ts";
import { Empty } from "../parts/panel.tsx";
import { LoadState } from "../shell/load-state.tsx";
import { routeHash } from "../shell/route.ts";
import { changeRoute } from "../shell/use-route.ts";
import { DetailsDialog } from "./details-dialog.tsx";
import { Grid } from "./grid.tsx";
import { identityCount } from "./identity-count.ts";
import { type IdentityQuery, type IdentityRow, prepareRows, selectRows, sortRows } from "./identity-rows.ts";
import { queryIn, queryParts } from "./query.ts";
import { SearchBar } from "./search-bar.tsx";

interface IdentitiesPageProps {
  readonly answer: PolledAnswer<ConsoleIdentities>;
  readonly query: Readonly<Record<string, string>>;
}

export function IdentitiesPage({ answer, query: given }: IdentitiesPageProps) {
  const now = useCaTime(answer);
  const query = useMemo(() => queryIn(given), [given]);
  const { data } = answer;
  const rows = useMemo(() => prepareRows(data?.identities ?? []), [data?.identities]);
  const sorted = useMemo(() => sortRows(rows, query.order), [rows, query.order]);
  // Identities become late slowly: once per minute is enough to look, and keeps the list of rows the same in between.
  const minute = now - (now % 60_000);
  const selected = useMemo(() => selectRows(sorted, query, minute), [sorted, query, minute]);
  const [opened, open] = useState<IdentityRow>();
  if (data === undefined) return <LoadState answer={answer} />;
  if (data.identities.length === 0) return <NoIdentities />;
  const change = (fields: Partial<IdentityQuery>) =>
    changeRoute(routeHash("identities", queryParts({ ...query, ...fields })));
  return (
    <>
      <SearchBar query={query} change={change}>
        {identityCount(data, selected.length)}
      </SearchBar>
      {selected.length === 0 ? (
        <NoMatch query={query} />
      ) : (
        <Grid rows={selected} query={query} change={change} now={now} open={open} />
      )}
      {opened !== undefined && (
        <DetailsDialog row={opened} source={data.source} now={now} close={() => open(undefined)} />
      )}
    </>
  );
}

function NoMatch({ query: { text, only } }: { readonly query: IdentityQuery }) {
  if (text.trim() === "" && only !== "all")
    return (
      <Empty title={only === "late" ? "No renewal is late" : "No listed certificate has expired"}>
        {only === "late"
          ? "The newest certificate of every identity has at least a quarter of its lifetime left."
          : "The list has the certificates that were valid when the page read it. kasbah audit tail lists earlier ones."}
      </Empty>
    );
  return (
    <Empty title="No identity matches">
      Search for parts of a namespace, a service account, a pod or a serial. Several words must all match.
    </Empty>
  );
}

function NoIdentities() {
  return (
    <Empty title="No identity yet">
      A workload appears here as soon as its agent has fetched a certificate. On a machine,{" "}
      <code>kasbah-agent fetch</code> fetches one; in a cluster, a pod with the label of the injector or with
      the agent as a sidecar does.
    </Empty>
  );
}
