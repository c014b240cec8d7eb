noinst_LIBRARIES += src/pipeline/libpipeline.a
src_pipeline_libpipeline_a_SOURCES = src/pipeline/ids.c src/pipeline/internal.h \
	src/pipeline/people.c src/pipeline/pipeline.c \
	src/pipeline/stack.c src/pipeline/symbolize.c
