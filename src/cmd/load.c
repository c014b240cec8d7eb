/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a recording's name to a profile, and what there is to say on the way. */
#include <stdio.h>
#include <string.h>

#include "adder/err.h"
#include "adder/log.h"
#include "adder/recording.h"
#include "cmd/cmd.h"

static void say_state(struct loaded *l, const char *path,
		      const struct recording_info *info)
{
	const struct model_totals *t = model_totals(l->model);

	if (info->state != RECORDING_WHOLE)
		snprintf(l->state, sizeof(l->state), "'%.100s' is %s: %.180s",
			 path, info->state == RECORDING_CUT ? "cut off" :
			 "damaged", info->what);
	else if (t->is_finished && t->said_samples != t->samples)
		snprintf(l->state, sizeof(l->state), "'%.100s' says that it "
			 "holds %llu samples, but %llu were read", path,
			 (unsigned long long)t->said_samples,
			 (unsigned long long)t->samples);
	if (l->state[0])
		log_warning("%s; shown is what could be read", l->state);
}

static int read_recording(struct loaded *l, const char *path)
{
	struct recording_info info = { 0 };
	struct sink sink = model_sink(l->model);
	struct err err = { 0 };
	int ret;

	ret = recording_read(path, &sink, &info, &err);
	if (ret && model_err(l->model)->code) {
		log_error("'%s' contradicts itself: %s", path,
			  model_err(l->model)->message);
		return CMD_FAILED;
	}
	if (ret) {
		log_error("%s", err.message);
		return CMD_FAILED;
	}
	say_state(l, path, &info);
	return CMD_OK;
}

int cmd_load(struct loaded *l, const char *path, const struct select_opts *s,
	     bool keep_samples)
{
	struct err err = { 0 };
	int status;

	memset(l, 0, sizeof(*l));
	if (s->to_ns && s->to_ns <= s->from_ns) {
		log_error("--to must lie behind --from");
		return CMD_USAGE;
	}
	l->model = model_new();
	model_limit_time(l->model, s->from_ns, s->to_ns);
	if (keep_samples)
		model_keep_samples(l->model);
	status = read_recording(l, path);
	if (!status && profile_new(&l->profile, l->model, &s->sel, &err)) {
		log_error("%s", err.message);
		status = err.code == ERR_USAGE ? CMD_USAGE : CMD_FAILED;
	}
	if (status)
		loaded_release(l);
	return status;
}

void loaded_release(struct loaded *l)
{
	profile_free(l->profile);
	model_free(l->model);
	l->profile = NULL;
	l->model = NULL;
}

int loaded_status(const struct loaded *l)
{
	return l->state[0] ? CMD_FAILED : CMD_OK;
}
