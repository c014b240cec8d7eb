noinst_LIBRARIES += src/export/libexport.a
src_export_libexport_a_SOURCES = \
	src/export/script.c \
	src/export/script_frames.c \
	src/export/script_names.c \
	src/export/script_tasks.c
