/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placeholder, replaced by the room's first file. */
int event_placeholder_;
