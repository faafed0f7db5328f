# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the examples: options, a decoder for the recording, the main loop,
and messages about what is missing."""

import argparse
import concurrent.futures
import gc
import os
import sys
import threading

try:
    import gi
    gi.require_version("Gst", "1.0")
    # the methods of appsink, and messages about missing plugins
    gi.require_version("GstApp", "1.0")
    gi.require_version("GstPbutils", "1.0")
    from gi.repository import GLib, Gst, GstApp, GstPbutils
    import numpy
except (ImportError, ValueError) as missing:
    print(f"{missing}: install python3-gst-1.0 and python3-numpy, and run "
          "this with /usr/bin/python3.", file=sys.stderr)
    sys.exit(1)

SOUNDS = "/usr/share/sounds/freedesktop/stereo/"
FLOAT = "F32LE" if sys.byteorder == "little" else "F32BE"
# max-buffers: the stream waits if the consumer is so far behind.
# enable-last-sample=false: otherwise the sink holds the last batch as well.
SINK = "appsink name=sink sync=false max-buffers=8 enable-last-sample=false"
PACKAGES = "gstreamer1.0-plugins-base and gstreamer1.0-plugins-good"


class PlayerError(Exception):
    """An error to print without a traceback."""


def parser(description, argument, default, meaning):
    """Options of an example with one optional argument."""
    options = argparse.ArgumentParser(
        description=description, epilog="Exit status: 0 when all went well, "
        "1 when something is missing or the stream ended with an error, 2 for "
        "a wrong command line.")
    options.add_argument(argument, nargs="?", default=default, help=meaning)
    return options


def recording_parser(description, recording):
    """parser(), with the recording as the argument."""
    return parser(description, "recording", recording,
                  "the recording (%(default)s)")


def say_how_to_get(element):
    if element.startswith("audiobatch"):
        return (f"GStreamer finds no element \"{element}\": run this within "
                "meson devenv -C build, or install it with meson install -C "
                "build.")
    return f"GStreamer finds no element \"{element}\": install {PACKAGES}."


def launch(line):
    """The pipeline of a launch line."""
    Gst.init(None)
    context = Gst.ParseContext.new()
    try:
        return Gst.parse_launch_full(line, context,
                                     Gst.ParseFlags.FATAL_ERRORS)
    except GLib.Error as error:
        elements = context.get_missing_elements()
        raise PlayerError("\n".join(map(say_how_to_get, elements))
                          if elements else error.message) from error


def open_recording(recording, rest):
    """A pipeline that decodes the recording into @rest, the end of a launch
    line."""
    if not os.path.isfile(recording):
        hint = (" Install sound-theme-freedesktop, or name one of your own."
                if recording.startswith(SOUNDS) else "")
        raise PlayerError(f"There is no recording {recording}.{hint}")
    pipeline = launch("uridecodebin name=decoder caps=audio/x-raw "
                      f"expose-all-streams=false ! {rest}")
    decoder = pipeline.get_by_name("decoder")
    decoder.props.uri = Gst.filename_to_uri(recording)
    return pipeline


def pull_batches(sink):
    """The batches of an appsink, for a for loop in any thread.

    appsink holds each batch until the next one is pulled. Write to a batch only
    after that, or after the pipeline is gone.
    """
    while (sample := sink.pull_sample()) is not None:
        batch = sample.get_buffer()
        # the sample has a reference to the batch
        del sample
        yield batch


def with_samples(batch, function, flags=Gst.MapFlags.READ):
    """Calls @function with the samples of @batch and returns its result.

    The samples are a numpy array of the batch's memory, not a copy. @function
    must not keep the array or a part of it: after the call the memory is
    unmapped. With Gst.MapFlags.WRITE it can write to the array.
    """
    with batch.map(flags) as info:
        return function(numpy.frombuffer(info.data, dtype=numpy.float32))


def failure(bus, message, errors, loop):
    error, debug = message.parse_error()
    # the message may say only that the stream stopped; the last line says why
    _, line, why = (debug or "").rpartition("\n")
    errors.append(f"{message.src.get_name()}: {error.message}"
                  + (f" ({why})" if line else ""))
    loop.quit()


def missing_plugin(bus, message, errors):
    if GstPbutils.is_missing_plugin_message(message):
        what = GstPbutils.missing_plugin_message_get_description(message)
        errors.append(f"There is no {what}: install {PACKAGES}, for rarer "
                      "formats gstreamer1.0-libav.")


def main_loop(pipeline, begin):
    """Runs the pipeline until the loop quits. Calls begin(loop) after the
    start."""
    loop = GLib.MainLoop()
    errors = []
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", failure, errors, loop)
    bus.connect("message::element", missing_plugin, errors)
    bus.connect("message::eos", lambda *_: loop.quit())
    try:
        pipeline.set_state(Gst.State.PLAYING)
        begin(loop)
        loop.run()
    finally:
        # this also ends a pull that waits in another thread
        pipeline.set_state(Gst.State.NULL)
        bus.remove_signal_watch()
    if errors:
        raise PlayerError("\n".join(errors))


def play(pipeline):
    """Plays to the end, then sets the pipeline to NULL."""
    main_loop(pipeline, lambda loop: None)


def consume(pipeline, consumer):
    """Plays to the end, while @consumer pulls from the appsink in a thread of
    its own. Sets the pipeline to NULL and returns the consumer's result."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        results = []

        # start the thread after the pipeline: an appsink that has not started
        # returns None at once
        def begin(loop):
            results.append(thread.submit(consumer,
                                         pipeline.get_by_name("sink")))
            # if the consumer fails, the stream may never end
            results[0].add_done_callback(lambda _: GLib.idle_add(loop.quit))

        main_loop(pipeline, begin)
    return results[0].result()


def dispose(pipeline):
    """Releases appsink, which holds the last batch. A thread of the pipeline may
    have a reference for a moment longer, so wait until appsink is gone."""
    gone = threading.Event()
    sink = pipeline.get_by_name("sink")
    pipeline.remove(sink)
    sink.weak_ref(gone.set)
    del sink
    gc.collect()
    if not gone.wait(10):
        raise PlayerError("appsink is still in use.")


def run(main):
    """Runs main() and ends the process."""
    try:
        main()
    except PlayerError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
