import type { ConsoleSource } from "../api.ts";
import type { PolledAnswer } from "../data/polled-answer.ts";
import { Freshness } from "./connection.tsx";
import { type PageName, pageNames, routeHash } from "./route.ts";

export const pageTitles: Readonly<Record<PageName, string>> = {
  overview: "Overview",
  identities: "Identities",
  rotation: "Rotation",
  refusals: "Refusals",
};

const kinds: Readonly<Record<ConsoleSource["kind"], string>> = {
  running: "Running CA",
  stopped: "Stopped CA",
  cluster: "Cluster",
};

interface HeaderProps {
  readonly page: PageName;
  readonly source: ConsoleSource | undefined;
  readonly answer: PolledAnswer<unknown>;
}

export function Header({ page, source, answer }: HeaderProps) {
  return (
    <header class="top">
      <div class="top-line">
        <p class="brand">
          <Crenel />
          kasbah
        </p>
        <p class="place">
          {source !== undefined && (
            <>
              <span class="kind">{kinds[source.kind]}</span> <span class="muted">{source.place}</span>
            </>
          )}
        </p>
        <Freshness answer={answer} />
      </div>
      <nav class="tabs" aria-label="Pages">
        {pageNames.map((name) => (
          <a key={name} href={routeHash(name)} aria-current={name === page ? "page" : undefined}>
            {pageTitles[name]}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** The battlements of a kasbah. */
function Crenel() {
  return (
    <svg class="crenel" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M1 15V3h3v3h2.5V3h3v3H12V3h3v12h-4.5v-3a2.5 2.5 0 0 0-5 0v3Z" />
    </svg>
  );
}
