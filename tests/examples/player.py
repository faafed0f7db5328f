# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the examples have in common: options, a decoder for the recording, the
main loop, and what to say when something is missing."""

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
# max-buffers: the stream waits when the consumer is so far behind.
# enable-last-sample=false: or the sink would hold the last batch as well
SINK = "appsink name=sink sync=false max-buffers=8 enable-last-sample=false"
PACKAGES = "gstreamer1.0-plugins-base and gstreamer1.0-plugins-good"


class PlayerError(Exception):
    """Something that the person who runs the example has to know."""


def parser(description, argument, default, meaning):
    """Options of an example that takes one argument, which may be left out."""
    options = argparse.ArgumentParser(
        description=description, epilog="Exit status: 0 when all went well, "
        "1 when something is missing or the stream ended with an error, 2 for "
        "a wrong command line.")
    options.add_argument(argument, nargs="?", default=default, help=meaning)
    return options


def recording_parser(description, recording):
    """The same for a recording."""
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
    """A pipeline that decodes the recording into @rest of a launch line, which
    ends with SINK."""
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

    appsink holds on to each until the next one is pulled: who wants to write to
    a batch waits for that one, or for the end of the pipeline.
    """
    while (sample := sink.pull_sample()) is not None:
        batch = sample.get_buffer()
        # the sample refers to the batch as well
        del sample
        yield batch


def with_samples(batch, function, flags=Gst.MapFlags.READ):
    """What @function makes of the samples of @batch.

    It gets a numpy array that is the memory of the batch, not a copy, and must
    keep neither the array nor a part of it: after the call that is unmapped.
    With Gst.MapFlags.WRITE the array can be written to.
    """
    with batch.map(flags) as info:
        return function(numpy.frombuffer(info.data, dtype=numpy.float32))


def failure(bus, message, errors, loop):
    error, debug = message.parse_error()
    # its last line says why, where the message only says that it stopped
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
    """Runs the pipeline until the loop quits. begin(loop) is called when it is
    started."""
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
        # ends the waiting of those who pull as well
        pipeline.set_state(Gst.State.NULL)
        bus.remove_signal_watch()
    if errors:
        raise PlayerError("\n".join(errors))


def play(pipeline):
    """Plays all of it; then the pipeline is in NULL."""
    main_loop(pipeline, lambda loop: None)


def consume(pipeline, consumer):
    """Plays all of it, while @consumer gets the appsink in a thread of its own;
    returns what that returns. Then the pipeline is in NULL."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        results = []

        # an appsink that has not been started has nothing to pull, and says
        # so: the thread comes second
        def begin(loop):
            results.append(thread.submit(consumer,
                                         pipeline.get_by_name("sink")))
            # if it fails there may never be an end of the stream
            results[0].add_done_callback(lambda _: GLib.idle_add(loop.quit))

        main_loop(pipeline, begin)
    return results[0].result()


def dispose(pipeline):
    """Lets appsink go, and with it its hold on the last batch. Whoever looks
    after its threads may have it for a moment longer."""
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
