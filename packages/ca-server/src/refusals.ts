// The facts about refusals that the operator's command uses without a server.
export { type RefusalAlert, statusTable } from "./grpc/status-table.ts";
