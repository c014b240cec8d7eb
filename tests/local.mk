# Shared pieces of the tests; each room's own tests stand in its local.mk.
# A unit test NAME is tests/unit/test_NAME.c, linked against its own layer.

EXTRA_DIST += tests/support/get-python tests/support/summary

# Says whether perf_event_open works here, for tests/support/summary.
check_PROGRAMS += tests/support/perf_probe
tests_support_perf_probe_SOURCES = tests/support/perf_probe.c

# Programs of known truth, and whole runs of adder on them. One at a time:
# they measure time, and some switch settings of the machine.
E2E_TESTS = tests/e2e/inputs.py tests/e2e/rough.py tests/e2e/stacks.py \
	tests/e2e/times.py tests/e2e/names.py tests/e2e/users.py
dist_check_SCRIPTS += $(E2E_TESTS)
TESTS += $(E2E_TESTS)
EXTRA_DIST += tests/e2e/harness.py tests/targets/truth.py \
	tests/targets/churn.py tests/targets/deep.py \
	tests/targets/hostile.py tests/targets/nested.py \
	tests/targets/shapes.py tests/targets/spent.py tests/targets/tasks.py
tests/e2e/inputs.log: $(filter-out tests/e2e/%,$(TEST_LOGS))
tests/e2e/rough.log: $(filter tests/e2e/inputs.log,$(TEST_LOGS))
tests/e2e/stacks.log: $(filter tests/e2e/rough.log,$(TEST_LOGS))
tests/e2e/times.log: $(filter tests/e2e/stacks.log,$(TEST_LOGS))
tests/e2e/names.log: $(filter tests/e2e/times.log,$(TEST_LOGS))
tests/e2e/users.log: $(filter tests/e2e/names.log,$(TEST_LOGS))

# Speed: build without sanitizers. BENCH_SECONDS shortens the recordings.
EXTRA_DIST += tests/bench/run tests/targets/mixed.py
MICRO_BENCHES = $(filter tests/bench/bench_%,$(EXTRA_PROGRAMS))
CLEANFILES += $(MICRO_BENCHES) bench.json

bench: all $(MICRO_BENCHES) tests/support/gen_recording$(EXEEXT)
	ADDER='$(abs_top_builddir)/adder' ADDER_SRCDIR='$(abs_top_srcdir)' \
	ADDER_BUILDDIR='$(abs_top_builddir)' $(PYTHON3) \
	$(srcdir)/tests/bench/run --json bench.json $(BENCH_FLAGS) \
	$(MICRO_BENCHES:%=./%) '$(abs_srcdir)/tests/bench/bench_report.py'

# The tree itself.
dist_check_SCRIPTS += tests/lint/code_lint.py tests/lint/docs_lint.py
TESTS += tests/lint/lint.sh
dist_check_SCRIPTS += tests/lint/lint.sh

# What needs neither the kernel's permission nor a quiet machine.
FAST_TESTS = $(filter tests/unit/% tests/prop/% tests/fuzz/% \
	tests/golden/% tests/lint/%,$(TESTS))

.PHONY: check-fast check-long lint bench

check-fast: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(FAST_TESTS)'

# FUZZ_SECONDS for each target, SOAK_SECONDS of recording; needs clang.
EXTRA_DIST += tests/support/check-long tests/e2e/soak.py
FUZZ_TARGETS = $(filter tests/fuzz/%,$(check_PROGRAMS))

check-long: all
	$(AM_TESTS_ENVIRONMENT) $(BASH) $(srcdir)/tests/support/check-long \
	$(FUZZ_TARGETS)

lint:
	ADDER_SRCDIR='$(abs_top_srcdir)' $(BASH) $(srcdir)/tests/lint/lint.sh

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_base
TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_LDADD = $(LAYER0) $(CMOCKA_LIBS)
endif

noinst_HEADERS = tests/support/cmocka_all.h tests/support/pythons.h \
	tests/support/tmpdir.h
