#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the plugin, runs it uninstalled, and releases it, as a user would.

usage: install.py staged|devenv|dist|elsewhere|static|subproject|sysroot ROOT BUILD

staged: meson install into a folder of its own installs every file, and
  gst-inspect-1.0 finds the plugin there, with its name, version, license and
  elements. With the prefix /usr GStreamer finds it by itself. meson install
  prints where the plugin is, and what to set if GStreamer does not look there.
  meson setup prints the same for a user who can't write to the prefix.
devenv: meson devenv finds the plugin of the build directory, and the demo ends
  with what it has proved, and what to do next.
dist: meson dist makes a tarball of the committed tree. It can be set up and
  built, and passes the tests of its modules. Skipped outside of git.
elsewhere: on other systems than Linux the profile tool is left out with a
  message. If it is enabled explicitly, that is an error.
static: an application links the staged static plugin, with flags of pkg-config.
subproject: an application builds and links the plugin as a subproject.
sysroot: an application links a cross-built plugin, with the prefix /usr.
"""

import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from documents import run

SKIPPED = 77
# Exported symbols of the static plugin: ours, and those that GStreamer requires.
OUR_NAMES = r"ab_|gst_audio_batch_|gst_(element|plugin)_(register_)?audiobatch"
BUILD_SECONDS = 900
ELEMENTS = ["audiobatch", "audiobatchsrc"]
# Builds only the plugin, quickly.
PLUGIN_ALONE = ["-Dtests=disabled", "-Dprofile=disabled", "--buildtype=plain"]
STATIC_APPLICATION = "tests/check/programs/staticplugin.c"
# Set by meson test and by the tests' environment; they would distort these tests.
UNSET = ("DESTDIR", "GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_REGISTRY",
         "GST_REGISTRY_1_0", "MALLOC_PERTURB_", "MESON_TEST_ITERATION")


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def must(command, seconds=60, **options):
    """The output of @command. If it fails, exits."""
    print("+", *command, flush=True)
    fault, output = run(command, seconds, **options)
    if fault:
        sys.exit(f"{fault}\n{output[-4000:]}")
    return output


def expect(found, wanted, what):
    print("ok  " if found == wanted else "FAIL", f"{what}: {found}", flush=True)
    if found != wanted:
        sys.exit(f"where {wanted} is right")


def introspect(build, what):
    fault, output = run(["meson", "introspect", str(build), f"--{what}"])
    if fault:
        sys.exit(fault)
    return json.loads(output)


def find_plugin(build):
    """The path of the installed plugin."""
    for built, installed in introspect(build, "installed").items():
        if (Path(built).name.startswith("libgstaudiobatch.")
                and Path(built).suffix != ".a"):
            return Path(installed)
    skip("this build installs no shared plugin (-Ddefault_library=static)")


def fields(text):
    """The fields that gst-inspect-1.0 prints about the plugin."""
    return dict(re.findall(r"(?m)^  (\S[\w ]*?)  +(\S.*)$", text))


def check_plugin(text, path, version):
    said = fields(text)
    expect(said.get("Name"), "audiobatch", "name")
    expect(said.get("Version"), version, "version")
    expect(said.get("License"), "LGPL", "license")
    expect(os.path.realpath(said.get("Filename", "")), os.path.realpath(path),
           "file")
    expect(sorted(re.findall(r"(?m)^  (\w+): ", text)), ELEMENTS, "elements")


def under(folder, installed):
    """The path of @installed if @folder is the root."""
    return folder / Path(installed).relative_to("/")


def expect_in(words, text, what):
    """@text must contain @words, whatever its line breaks."""
    joined = " ".join(text.split())
    if words not in joined:
        sys.exit(f"{what} lacks {words!r}:\n{text[-4000:]}")
    print("ok  ", f"{what}: {words}", flush=True)


def usual_folder():
    return must(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"]).strip()


def check_words(build, stage):
    """meson install prints where the plugin is; with --quiet it does not."""
    command = ["meson", "install", "--no-rebuild", "-C", str(build), "--destdir",
               str(stage)]
    output = must(command)
    place = str(find_plugin(build).parent)
    if place == usual_folder():
        expect_in(f"The plugin is in {place}, where GStreamer looks.", output,
                  "meson install")
    else:
        expect_in(f"The plugin is in {place}, where GStreamer does not look by "
                  f"itself: set GST_PLUGIN_PATH_1_0={place}, or install it with "
                  f"meson configure {build} --prefix=", output, "meson install")
    quiet = must([*command, "--quiet"])
    expect("The plugin is in" in quiet, False, "words with --quiet")


def check_staged(build, folder):
    os.environ["GST_REGISTRY_1_0"] = str(folder / "registry.bin")
    stage = folder / "stage"
    check_words(build, stage)
    for built, installed in introspect(build, "installed").items():
        if not under(stage, installed).exists():
            sys.exit(f"{installed} (from {built}) is not there")
        print("ok  ", installed)
    plugin = under(stage, find_plugin(build))
    text = must(["gst-inspect-1.0", "--plugin", "audiobatch"],
                env=dict(os.environ, GST_PLUGIN_PATH_1_0=str(plugin.parent)))
    check_plugin(text, plugin, introspect(build, "projectinfo")["version"])


def check_prefix(root, folder):
    """With GStreamer's prefix, staged, it installs to where GStreamer looks."""
    prefix = must(["pkg-config", "--variable=prefix", "gstreamer-1.0"]).strip()
    build, stage = folder / "prefixed", folder / "prefixed-stage"
    must(["meson", "setup", str(build), str(root), *PLUGIN_ALONE], 300)
    must(["meson", "configure", str(build), f"--prefix={prefix}"])
    output = must(["meson", "install", "-C", str(build), "--destdir",
                   str(stage)], BUILD_SECONDS)
    expect_in(f"The plugin is in {usual_folder()}, where GStreamer looks.",
              output, "meson install")
    expect("GST_PLUGIN_PATH" in output, False, "a word of GST_PLUGIN_PATH")
    expect(under(stage, usual_folder()).joinpath(find_plugin(build).name)
           .exists(), True, f"the plugin in {usual_folder()}")


def check_without_rights(root, folder):
    """meson install without rights ends in a traceback, so meson setup already
    prints what an ordinary user can do. That must work."""
    build, home = folder / "prefixed", folder / "home"
    prefix = f"{home}/.local"
    must(["meson", "configure", str(build), f"--prefix={prefix}"])
    output = must(["meson", "setup", "--reconfigure", str(build), str(root)],
                  300)
    place = str(find_plugin(build).parent)
    expect_in(f"meson configure {build} --prefix=$HOME/.local", output,
              "meson setup")
    expect_in(f"export GST_PLUGIN_PATH_1_0={place}", output, "meson setup")
    output = must(["meson", "install", "-C", str(build)], BUILD_SECONDS)
    expect_in(f"set GST_PLUGIN_PATH_1_0={place}", output, "meson install")
    text = must(["gst-inspect-1.0", "--plugin", "audiobatch"],
                env=dict(os.environ, GST_PLUGIN_PATH_1_0=place))
    check_plugin(text, find_plugin(build),
                 introspect(build, "projectinfo")["version"])


def check_devenv(build, folder):
    os.environ["GST_REGISTRY_1_0"] = str(folder / "registry.bin")
    os.environ["GST_REGISTRY_FORK"] = "no"
    text = must(["meson", "devenv", "-C", str(build), "gst-inspect-1.0",
                 "--plugin", "audiobatch"])
    check_plugin(text, build / "gst" / "audiobatch" / find_plugin(build).name,
                 introspect(build, "projectinfo")["version"])
    # Into a pipe meson would write its own lines last; into a terminal it does
    # not.
    os.environ["PYTHONUNBUFFERED"] = "1"
    *_, proved, what_next = must(["meson", "compile", "-C", str(build), "demo"],
                                 BUILD_SECONDS).splitlines()
    expect(proved, "OK: 67 batches, each in its own memory, all writable, all "
           "released.", "the demo proved")
    expect(what_next.split(":")[0], "Next", "and then")


def check_dist(root, folder):
    if not shutil.which("git") or not (root / ".git").exists():
        skip("meson dist wants a git checkout, and git; this is neither, or "
             "git is not installed (apt-get install git)")
    made, source = folder / "made", folder / "source"
    must(["meson", "setup", str(made), str(root)], 300)
    must(["meson", "dist", "-C", str(made), "--no-tests", "--allow-dirty",
          "--formats", "gztar"], 300)
    version = introspect(made, "projectinfo")["version"]
    tarball = made / "meson-dist" / f"audiobatch-{version}.tar.gz"
    with tarfile.open(tarball) as archive:
        archive.extractall(source)
    source = source / f"audiobatch-{version}"
    build = source / "build"
    must(["meson", "setup", str(build), str(source)], 300)
    must(["meson", "compile", "-C", str(build)], BUILD_SECONDS)
    print(must(["meson", "test", "-C", str(build), "--suite", "libs"],
               BUILD_SECONDS)[-600:])


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def machine(system, sysroot=None):
    """A cross file for this machine."""
    multiarch = must(["gcc", "-print-multiarch"]).strip()
    processor = multiarch.split("-")[0]
    return (f"[binaries]\nc = 'gcc'\nar = 'ar'\nstrip = 'strip'\n"
            f"pkgconfig = 'pkg-config'\n"
            f"[host_machine]\nsystem = '{system}'\n"
            f"cpu_family = '{processor}'\ncpu = '{processor}'\n"
            f"endian = '{sys.byteorder}'\n"
            + (f"[properties]\nsys_root = '{sysroot}'\n"
               f"pkg_config_libdir = '{sysroot}/usr/lib/{multiarch}/pkgconfig:"
               f"{sysroot}/usr/share/pkgconfig'\n" if sysroot else ""))


def check_elsewhere(root, folder):
    cross = write(folder / "freebsd.ini", machine("freebsd"))
    command = ["meson", "setup", "--cross-file", str(cross),
               "-Dtests=disabled"]
    output = must([*command, str(folder / "auto"), str(root)], 300)
    expect_in("gst-audiobatch-profile-1.0 is left out: it reads /proc and calls "
              "prctl(), which only Linux has, and this is for freebsd", output,
              "meson setup")
    command += ["-Dprofile=enabled", str(folder / "enabled"), str(root)]
    print("+", *command, flush=True)
    fault, output = run(command, 300)
    expect(fault is None, False, "success with -Dprofile=enabled")
    expect_in("gst-audiobatch-profile-1.0 reads /proc and calls prctl(), which "
              "only Linux has", output, "the error")


def check_application(program):
    """The plugin is linked in: no other one is in the plugin path."""
    output = must([str(program)],
                  env=dict(os.environ, GST_PLUGIN_PATH_1_0="",
                           GST_REGISTRY_1_0=f"{program}.registry"))
    expect(output.strip().splitlines()[-1], "10 batches, 20 batches",
           f"{program.name} counted")


def check_archive(root, archive):
    """The archive has the machine code of every module, for any compiler, and no
    symbol that an application may define itself."""
    members = must(["ar", "t", str(archive)]).split()
    folder = root / "gst" / "audiobatch"
    sources = ("_".join(path.relative_to(folder).parts)
               for path in folder.rglob("*.c"))
    expect(sorted(members), sorted(f"{name}.o" for name in sources), "members")
    names = must(["nm", "--extern-only", "--defined-only", "--format=posix",
                  str(archive)])
    expect([name for name in re.findall(r"(?m)^(\w+) [A-Z]", names)
            if not re.match(OUR_NAMES, name)], [], "symbols of other names")
    expect(".gnu.lto" in must(["readelf", "--sections", "--wide",
                               str(archive)]), False, "bytecode of GCC's LTO")


def link_application(root, folder, compiler, pkgconfig, **environment):
    program = folder / f"application-{compiler}"
    # without --static, which wants GStreamer's own dependencies to be installed
    flags = must(["pkg-config", "--cflags", "--libs", "gstaudiobatch"],
                 env=dict(os.environ, PKG_CONFIG_PATH=str(pkgconfig),
                          **environment)).split()
    print("+", compiler, "with these flags", flush=True)
    fault, output = run([compiler, "-o", str(program),
                         str(root / STATIC_APPLICATION), *flags])
    if fault:
        sys.exit(f"{fault}\n{output[-4000:]}")
    check_application(program)


def find_one(folder, name):
    found = sorted(folder.rglob(name))
    expect(len(found), 1, f"files {name}")
    return found[0]


def check_static(root, folder):
    """Builds the static plugin with the shared one, optimised as by default."""
    build, stage = folder / "build", folder / "stage"
    must(["meson", "setup", str(build), str(root), "-Ddefault_library=both",
          "-Dpkgconfig.relocatable=true", "-Dtests=disabled",
          "-Dprofile=disabled"], 300)
    must(["meson", "compile", "-C", str(build)], BUILD_SECONDS)
    output = must(["meson", "install", "-C", str(build), "--destdir",
                   str(stage)])
    expect_in("pkg-config --cflags --libs gstaudiobatch", output,
              "meson install")
    find_one(stage, "libgstaudiobatch.so")
    check_archive(root, find_one(stage, "libgstaudiobatch.a"))
    pkgconfig = find_one(stage, "gstaudiobatch.pc").parent
    expect(pkgconfig.parent.name, "gstreamer-1.0", "folder of the .pc file")
    for compiler in "gcc", "clang":
        if shutil.which(compiler):
            link_application(root, folder, compiler, pkgconfig)
        else:
            print(f"skipped: {compiler}, which is not installed")


def check_subproject(root, folder):
    source, build = folder / "source", folder / "build"
    write(source / "meson.build",
          "project('application', 'c')\n"
          "subproject('audiobatch', default_options : 'default_library=static')\n"
          f"executable('application', '{Path(STATIC_APPLICATION).name}',\n"
          "  dependencies : [dependency('gstreamer-1.0'), "
          "dependency('gstaudiobatch')])\n")
    shutil.copy(root / STATIC_APPLICATION, source)
    (source / "subprojects").mkdir()
    (source / "subprojects" / "audiobatch").symlink_to(root)
    must(["meson", "setup", str(build), str(source), "--buildtype=plain"], 300)
    names = [target["name"] for target in introspect(build, "targets")]
    expect(sorted(names), ["application", "audiobatch-core", "audiobatch-waves",
                           "gstaudiobatch", "gstaudiobatch"], "targets")
    must(["meson", "compile", "-C", str(build)], BUILD_SECONDS)
    check_application(build / "application")


def copy_as_links(folder, copy):
    """Makes a folder with links to the entries of another one."""
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        (copy / path.name).symlink_to(path)


def make_sysroot(sysroot, multiarch):
    """Makes a copy of this system, as links, to which files can be added."""
    libraries = Path("usr/lib") / multiarch
    (sysroot / "usr/lib").mkdir(parents=True)
    (sysroot / "usr/include").symlink_to("/usr/include")
    (sysroot / "usr/share").symlink_to("/usr/share")
    copy_as_links("/" / libraries, sysroot / libraries)
    plugins = sysroot / libraries / "gstreamer-1.0"
    plugins.unlink()
    copy_as_links("/" / libraries / "gstreamer-1.0", plugins)


def check_sysroot(root, folder):
    build, sysroot = folder / "build", folder / "sysroot"
    multiarch = must(["gcc", "-print-multiarch"]).strip()
    usual = usual_folder()
    if usual != f"/usr/lib/{multiarch}/gstreamer-1.0":
        skip(f"GStreamer is in {usual}, and a sysroot is made here of what is "
             f"in /usr/lib/{multiarch}")
    make_sysroot(sysroot, multiarch)
    cross = write(folder / "sysroot.ini", machine("linux", sysroot))
    output = must(["meson", "setup", "--cross-file", str(cross),
                   "--prefix=/usr", f"--libdir=lib/{multiarch}",
                   "-Ddefault_library=static", *PLUGIN_ALONE, str(build),
                   str(root)], 300)
    expect_in(f"its .pc file : {usual}/pkgconfig", output, "meson setup")
    must(["meson", "compile", "-C", str(build)], BUILD_SECONDS)
    must(["meson", "install", "-C", str(build), "--destdir", str(sysroot)])
    check_archive(root, under(sysroot, f"/usr/lib/{multiarch}")
                  / "libgstaudiobatch.a")
    link_application(root, folder, "gcc", under(sysroot, usual) / "pkgconfig",
                     PKG_CONFIG_SYSROOT_DIR=str(sysroot))
    output = must(["meson", "setup", "--cross-file", str(cross),
                   "--prefix=/usr", f"--libdir=lib/{multiarch}", *PLUGIN_ALONE,
                   str(folder / "shared"), str(root)], 300)
    expect(str(find_plugin(folder / "shared").parent), usual, "plugin folder")
    expect("GST_PLUGIN_PATH" in output, False, "a word of GST_PLUGIN_PATH")


def main():
    what, root, build = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    for name in UNSET:
        os.environ.pop(name, None)
    if not shutil.which("meson"):
        skip("there is no meson in PATH")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what == "staged":
            check_staged(build.resolve(), folder)
            check_prefix(root.resolve(), folder)
            check_without_rights(root.resolve(), folder)
        elif what == "devenv":
            check_devenv(build.resolve(), folder)
        else:
            {"dist": check_dist,
             "elsewhere": check_elsewhere,
             "static": check_static,
             "subproject": check_subproject,
             "sysroot": check_sysroot}[what](root.resolve(), folder)


main()
