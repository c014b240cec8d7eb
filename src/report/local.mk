noinst_LIBRARIES += src/report/libreport.a
src_report_libreport_a_SOURCES = \
	src/report/cells.c \
	src/report/functions.c \
	src/report/json.c \
	src/report/json_report.c \
	src/report/label.c \
	src/report/report.c \
	src/report/threads.c \
	src/report/tree.c
