noinst_LIBRARIES += src/unwind/libunwind.a
src_unwind_libunwind_a_SOURCES = src/unwind/unwind.c
