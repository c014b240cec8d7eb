noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = \
	src/model/define.c \
	src/model/functions.c \
	src/model/model.c \
	src/model/profile.c \
	src/model/select.c \
	src/model/sums.c \
	src/model/tree.c
