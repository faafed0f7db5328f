# SPDX-License-Identifier: LGPL-2.1-or-later
"""Places where what the operators of mutate.py do changes nothing, and why."""

# By file, operator, the line of code and which match in it.
EQUIVALENT = {
    ("wave/shape.c", "plus",
     "guint64 bits = ((turns + HALF_TURN) >> 12) | 0x3ff0000000000000;", 0):
        "half a turn forwards is half a turn backwards, modulo 2^64",
    ("batch/metas.c", "more",
     "return self->timestamp > by ? self->timestamp - by : 0;", 0):
        "both are 0 where the two are equal",
    ("wave/waveform.c", "less-or-equal", "if (n <= self->n_voices)", 0):
        "as many voices as there are: none is added",
    ("time/timeline.c", "zero", "guint64 time = 0;", 0):
        "it is written to before it is read",
    ("stats/histogram.h", "minus",
     "((AB_HISTOGRAM_MAX_BITS - AB_HISTOGRAM_SUB_BITS + 1) \\",
     0):
        "more buckets than any index reaches",
    ("wave/waveform.c", "more",
     "gboolean ramp = run->tick_length > 0 && self->settings.apply_tick_ramp;",
     0):
        "envelope_at() asks again, and is 1 where there is no tick",
    ("batch/chunk.c", "false", "self->has_metas = FALSE;", 0):
        "the element sets it before anybody reads it",
    ("gstaudiobatchsrc.c", "more",
     "if (ret == GST_FLOW_EOS && n_samples > 0)", 0):
        "the end of a stream is told of once, by the count of its batches",
    ("time/timeline.c", "less", "if (late < 0)", 0):
        "no time is no sample, and that has returned by then",
    ("sourcequeries.c", "less", "if (segment.rate < 0)", 0):
        "no segment has a rate of 0",
}
