# Shared pieces of the tests; each room's own tests stand in its local.mk.
# A unit test NAME is tests/unit/test_NAME.c, linked against its own layer.

EXTRA_DIST += tests/support/get-python

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_base
TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_LDADD = $(LAYER0) $(CMOCKA_LIBS)
endif

noinst_HEADERS = tests/support/cmocka_all.h tests/support/tmpdir.h
