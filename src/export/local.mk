noinst_LIBRARIES += src/export/libexport.a
src_export_libexport_a_SOURCES = \
	src/export/script.c \
	src/export/script_frames.c \
	src/export/script_names.c \
	src/export/script_tasks.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_script
TESTS += tests/unit/test_script
tests_unit_test_script_SOURCES = tests/unit/test_script.c $(SESSION)
tests_unit_test_script_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_script_LDADD = src/export/libexport.a $(MODEL_LIBS) \
	$(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/fuzz/fuzz_model
TESTS += tests/fuzz/fuzz_model
tests_fuzz_fuzz_model_SOURCES = tests/fuzz/fuzz_model.c \
	tests/fuzz/replay_main.c
tests_fuzz_fuzz_model_LDADD = src/report/libreport.a src/export/libexport.a \
	$(MODEL_LIBS)
EXTRA_DIST += tests/fuzz/corpus/model
