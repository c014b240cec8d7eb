noinst_LIBRARIES += src/report/libreport.a
src_report_libreport_a_SOURCES = \
	src/report/cells.c \
	src/report/functions.c \
	src/report/jsonw.c \
	src/report/json_report.c \
	src/report/label.c \
	src/report/report.c \
	src/report/threads.c \
	src/report/tree.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_report
TESTS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c $(SESSION)
tests_unit_test_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_report_LDADD = src/report/libreport.a $(MODEL_LIBS) \
	$(CMOCKA_LIBS)
endif

# Reports and exports of one recording, byte for byte.
check_PROGRAMS += tests/support/gen_session
tests_support_gen_session_SOURCES = tests/support/gen_session.c $(SESSION)
tests_support_gen_session_LDADD = $(RECORDING_LIBS)
TESTS += tests/golden/golden.sh tests/golden/cli.sh
dist_check_SCRIPTS += tests/golden/golden.sh tests/golden/cli.sh \
	tests/golden/json_check.py
dist_check_SCRIPTS += tests/bench/bench_report.py
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(wildcard \
	$(srcdir)/tests/golden/*/cmd $(srcdir)/tests/golden/*/expected))

.PHONY: golden-update
golden-update: adder$(EXEEXT) tests/support/gen_session$(EXEEXT)
	$(AM_TESTS_ENVIRONMENT) \
	$(BASH) $(srcdir)/tests/golden/golden.sh --update

# The linter of perf-script text hears what it must.
dist_check_SCRIPTS += tests/lint/perfscript_lint.py
