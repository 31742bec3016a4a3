/** The arguments of an Envoy. Without hot restart, two Envoys share no memory and do not conflict. */
export function envoyArguments(bootstrapPath: string, logLevel = "warning"): readonly string[] {
  return ["-c", bootstrapPath, "--disable-hot-restart", "--concurrency", "1", "--log-level", logLevel];
}
