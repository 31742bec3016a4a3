module kasbah/ca-sets

go 1.24
