EXTRA_DIST += docs/ARCHITECTURE.md docs/HACKING.md docs/format.md
