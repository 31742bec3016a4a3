module kasbah.dev/test/interop/workload-api/spire-agent

go 1.25.3

tool github.com/spiffe/spire/cmd/spire-agent

// Versions of this module resolve only by their exact names.
require github.com/spiffe/spire v1.13.3
