noinst_LIBRARIES += src/python/libpython.a
src_python_libpython_a_SOURCES = src/python/python.c
