noinst_LIBRARIES += src/recording/librecording.a
src_recording_librecording_a_SOURCES = \
	src/recording/body.c \
	src/recording/crc32c.c \
	src/recording/decode.c \
	src/recording/decode.h \
	src/recording/encode.c \
	src/recording/encode.h \
	src/recording/fields.c \
	src/recording/format.c \
	src/recording/format.h \
	src/recording/reader.c \
	src/recording/state.c \
	src/recording/state.h \
	src/recording/writer.c

# What reads or writes recordings needs no more than these.
RECORDING_LIBS = src/recording/librecording.a $(LAYER1) $(ZSTD_LIBS)

GEN_STREAM = tests/support/gen_stream.c tests/support/gen_stream.h \
	tests/support/prng.h

# Makes recordings for the tests and benches of what reads them.
check_PROGRAMS += tests/support/gen_recording
tests_support_gen_recording_SOURCES = tests/support/gen_recording.c \
	$(GEN_STREAM)
tests_support_gen_recording_LDADD = $(RECORDING_LIBS)

RECORD_LIST = tests/support/record_list.c tests/support/record_list.h

check_PROGRAMS += tests/prop/prop_recording
TESTS += tests/prop/prop_recording
tests_prop_prop_recording_SOURCES = tests/prop/prop_recording.c \
	tests/support/random_stream.c tests/support/random_stream.h \
	tests/support/prng.h $(RECORD_LIST)
tests_prop_prop_recording_LDADD = $(RECORDING_LIBS)

EXTRA_PROGRAMS += tests/bench/bench_recording
tests_bench_bench_recording_SOURCES = tests/bench/bench_recording.c \
	$(GEN_STREAM) $(RECORD_LIST)
tests_bench_bench_recording_LDADD = $(RECORDING_LIBS)

RECORDING_FILE = tests/support/recording_file.c tests/support/recording_file.h

check_PROGRAMS += tests/fuzz/fuzz_recording
TESTS += tests/fuzz/fuzz_recording
tests_fuzz_fuzz_recording_SOURCES = tests/fuzz/fuzz_recording.c \
	tests/fuzz/replay_main.c $(RECORDING_FILE) tests/support/record_list.h
tests_fuzz_fuzz_recording_LDADD = $(RECORDING_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_recording tests/unit/test_recording_file
TESTS += tests/unit/test_recording tests/unit/test_recording_file
tests_unit_test_recording_SOURCES = tests/unit/test_recording.c \
	$(GEN_STREAM) $(RECORD_LIST) $(RECORDING_FILE)
tests_unit_test_recording_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_recording_LDADD = $(RECORDING_LIBS) $(CMOCKA_LIBS)
tests_unit_test_recording_file_SOURCES = tests/unit/test_recording_file.c \
	$(GEN_STREAM) $(RECORD_LIST) $(RECORDING_FILE)
tests_unit_test_recording_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_recording_file_LDADD = $(RECORDING_LIBS) $(CMOCKA_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/recording
