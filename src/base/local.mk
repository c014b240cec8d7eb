noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = src/base/arena.c src/base/buf.c src/base/cursor.c src/base/err.c src/base/hmap.c src/base/intern.c src/base/log.c src/base/mem.c src/base/out.c src/base/sink.c src/base/text.c src/base/vec.c
