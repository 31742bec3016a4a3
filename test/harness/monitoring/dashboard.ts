import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";

/** A panel of the dashboard as its file has it. */
export interface DashboardPanel {
  readonly type: "row" | "stat" | "timeseries";
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly links?: readonly { readonly url: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly noValue?: string;
      readonly thresholds?: {
        readonly steps: readonly { readonly color: string; readonly value: number | null }[];
      };
      readonly mappings?: readonly {
        readonly options: Readonly<Record<string, { readonly text: string }>>;
      }[];
    };
  };
}

/** The panels of deploy/grafana/kasbah.json. */
export function dashboardPanels(): readonly DashboardPanel[] {
  return JSON.parse(readFileSync(join(repositoryRoot, "deploy/grafana/kasbah.json"), "utf8")).panels;
}

/** An expression with the values that Grafana fills in. */
export function filled(expr: string, namespace: string, rateInterval: string): string {
  return expr.replaceAll("$namespace", namespace).replaceAll("$__rate_interval", rateInterval);
}
