noinst_LIBRARIES += src/pipeline/libpipeline.a
src_pipeline_libpipeline_a_SOURCES = src/pipeline/ids.c src/pipeline/internal.h \
	src/pipeline/people.c src/pipeline/pipeline.c \
	src/pipeline/stack.c src/pipeline/symbolize.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_pipeline
TESTS += tests/unit/test_pipeline
tests_unit_test_pipeline_SOURCES = tests/unit/test_pipeline.c
tests_unit_test_pipeline_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pipeline_LDADD = src/pipeline/libpipeline.a $(LAYER3) \
	$(CMOCKA_LIBS) $(EXTERNAL_LIBS)
endif
