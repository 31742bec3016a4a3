import assert from "node:assert/strict";
import { testImage } from "../../harness/chart/installations.ts";
import { OfflineHelm } from "./helm-offline.ts";

interface Dashboard {
  readonly panels: readonly unknown[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

describe("The chart's ConfigMap with the dashboard", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  it("names the URL at which the runbooks are published, or leaves it to the reader", async () => {
    for (const runbookUrl of ["https://wiki.example/kasbah", ""]) {
      const values = { ...testImage, dashboard: { enabled: true }, prometheusRule: { runbookUrl } };
      const objects = await helm.template(values);
      const map = objects.find(({ metadata }) => metadata.name === "kasbah-dashboard");
      const { data } = map as unknown as { data: Readonly<Record<string, string>> };
      const { panels, templating } = JSON.parse(data["kasbah.json"] ?? "") as Dashboard;
      assert.ok(panels.length > 40);
      assert.equal(templating.list.find(({ name }) => name === "runbooks")?.query, runbookUrl);
    }
  });
});
