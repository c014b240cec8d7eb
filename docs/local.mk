EXTRA_DIST += docs/ARCHITECTURE.md docs/HACKING.md docs/format.md README.md
EXTRA_DIST += LICENSE setup .ci/run

dist_man_MANS += docs/man/adder.1 \
	docs/man/adder-doctor.1 \
	docs/man/adder-dump.1 \
	docs/man/adder-record.1 \
	docs/man/adder-report.1 \
	docs/man/adder-script.1

exampledir = $(pkgdatadir)/example
dist_example_SCRIPTS = example/service.py
