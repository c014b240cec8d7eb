/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placeholder, replaced by the room's first file. */
int capture_placeholder_;
