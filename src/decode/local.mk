noinst_LIBRARIES += src/decode/libdecode.a
src_decode_libdecode_a_SOURCES = src/decode/decode.c

check_PROGRAMS += tests/fuzz/fuzz_ring
TESTS += tests/fuzz/fuzz_ring
tests_fuzz_fuzz_ring_SOURCES = tests/fuzz/fuzz_ring.c tests/fuzz/replay_main.c
tests_fuzz_fuzz_ring_LDADD = src/decode/libdecode.a $(LAYER0)
EXTRA_DIST += tests/fuzz/corpus/ring tests/support/perf_encode.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_decode
TESTS += tests/unit/test_decode
tests_unit_test_decode_SOURCES = tests/unit/test_decode.c
tests_unit_test_decode_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_decode_LDADD = src/decode/libdecode.a $(LAYER0) $(CMOCKA_LIBS)
endif
