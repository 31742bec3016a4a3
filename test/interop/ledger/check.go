package main

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Checks the signature, the tiles reachable from the root, every tile, and the ledger's own proofs; prints
// the counts.
func check(path, vkey string) error {
	ledger := folder(path)
	tree, err := ledger.checkpoint(vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	entries, err := ledger.entries(tree.N)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	shown, err := ledger.proofs()
	if err != nil {
		return fmt.Errorf("proofs: %w", err)
	}
	if err := checkProofsOutOfTiles(tree, tlog.TileHashReader(tree, ledger), entries, shown); err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	hashes, err := hashesOf(entries)
	if err != nil {
		return err
	}
	tiles, err := checkEveryTile(tree, ledger, hashes)
	if err != nil {
		return fmt.Errorf("every tile: %w", err)
	}
	if err := checkShownProofs(tree, hashes, entries, shown); err != nil {
		return fmt.Errorf("proofs: %w", err)
	}
	fmt.Printf("%d tiles, %d inclusions, %d consistencies\n", tiles, len(shown.Inclusion), len(shown.Consistency))
	return nil
}

// Checks Go's own proofs, built from tiles that are verified against the signed root.
func checkProofsOutOfTiles(tree tlog.Tree, tiles tlog.HashReader, entries [][]byte, asked proofs) error {
	for _, proof := range asked.Inclusion {
		path, err := tlog.ProveRecord(tree.N, proof.Index, tiles)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(entries[proof.Index])
		if err := tlog.CheckRecord(path, tree.N, tree.Hash, proof.Index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", proof.Index, err)
		}
	}
	for _, proof := range asked.Consistency {
		path, err := tlog.ProveTree(tree.N, proof.OldSize, tiles)
		if err != nil {
			return err
		}
		old, err := tlog.TreeHash(proof.OldSize, tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(path, tree.N, tree.Hash, proof.OldSize, old); err != nil {
			return fmt.Errorf("from size %d: %w", proof.OldSize, err)
		}
	}
	return nil
}

// Computes the hashes of the tree from the entries alone.
func hashesOf(entries [][]byte) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	return reader, nil
}

func checkEveryTile(tree tlog.Tree, ledger folder, hashes tlog.HashReader) (int, error) {
	tiles := tlog.NewTiles(tileHeight, 0, tree.N)
	for _, tile := range tiles {
		expected, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return 0, err
		}
		seen, err := ledger.read(tilePath(tile))
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(seen, expected) {
			return 0, fmt.Errorf("%s does not match its entries", tilePath(tile))
		}
	}
	return len(tiles), nil
}

func checkShownProofs(tree tlog.Tree, hashes tlog.HashReader, entries [][]byte, shown proofs) error {
	for _, proof := range shown.Inclusion {
		leaf := tlog.RecordHash(entries[proof.Index])
		if err := tlog.CheckRecord(proof.Path, tree.N, tree.Hash, proof.Index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", proof.Index, err)
		}
	}
	for _, proof := range shown.Consistency {
		old, err := tlog.TreeHash(proof.OldSize, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof.Path, tree.N, tree.Hash, proof.OldSize, old); err != nil {
			return fmt.Errorf("from size %d: %w", proof.OldSize, err)
		}
	}
	return nil
}
