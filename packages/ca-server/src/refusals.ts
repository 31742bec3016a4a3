// What the operator's command may read about refusals, without a server.
export { type RefusalAlert, statusTable } from "./grpc/status-table.ts";
