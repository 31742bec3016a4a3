/** What a daemon counts and measures with; registered where the metrics of the process are, see `createRegistry`. */
export { Counter, Gauge, Histogram, Registry } from "prom-client";
