# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mutations by mutate.py that do not change the behaviour, and why."""

# By file, operator, line of code and number of the match in the line.
EQUIVALENT = {
    ("wave/shape.c", "plus",
     "guint64 bits = ((turns + HALF_TURN) >> 12) | 0x3ff0000000000000;", 0):
        "half a turn forwards is half a turn backwards, modulo 2^64",
    ("batch/metas.c", "more",
     "return self->timestamp > by ? self->timestamp - by : 0;", 0):
        "if the two are equal, both results are 0",
    ("wave/waveform.c", "less-or-equal", "if (n <= self->n_voices)", 0):
        "if n equals the number of voices, none is added",
    ("time/timeline.c", "zero", "guint64 time = 0;", 0):
        "it is written before it is read",
    ("stats/histogram.h", "minus",
     "#define AB_HISTOGRAM_N_ROWS (AB_HISTOGRAM_MAX_BITS - AB_HISTOGRAM_SUB_BITS + 1)",
     0):
        "the further rows are never used",
    ("wave/waveform.c", "more",
     "gboolean ramp = run->tick_length > 0 && self->settings.apply_tick_ramp;",
     0):
        "envelope_at() checks it again, and returns 1 if there is no tick",
    ("batch/chunk.c", "false", "self->has_metas = FALSE;", 0):
        "the element sets it before it is read",
    ("gstaudiobatchsrc.c", "more",
     "if (ret == GST_FLOW_EOS && n_samples > 0)", 0):
        "ab_report_finish() posts one report for each count of batches",
    ("time/timeline.c", "less", "if (late < 0)", 0):
        "if late is 0 there are no samples, and the function has returned",
    ("memory/supply.c", "more-or-equal",
     "else if (!self->stall_told && now - *since >= patience)", 0):
        "the warning comes a microsecond later",
    ("batch/stream.c", "drop-call",
     "atomic_store_explicit (&self->changed, FALSE, memory_order_relaxed);", 0):
        "the same settings are taken again with each batch, which only costs",
    ("batch/placer.c", "false", "self->batch.discont = FALSE;", 0):
        "the next batch begins a run, and is DISCONT",
    ("stats/ledger.c", "zero", "for (i = 0; i < TRIES; i++) {", 0):
        "one try fewer before the writer is asked",
    ("sourcequeries.c", "less", "if (segment.rate < 0)", 0):
        "no segment has a rate of 0",
}
