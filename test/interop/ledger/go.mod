module kasbah.dev/test/interop/ledger

go 1.25.0

// Before 0.40, tlog.TileHashReader left some tiles unchecked.
require golang.org/x/mod v0.40.0
