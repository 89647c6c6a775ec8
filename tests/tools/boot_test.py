#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/boot with a shell script in the place of QEMU."""

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
PATIENCE = 30  # Seconds, for what happens soon.

# What the fake does before anything else: it keeps its arguments and the files that they name, and
# writes a device tree if it is asked for one.
PROLOGUE = """#!/bin/bash
for argument in "$@"; do
    case $argument in
        dumpdtb=*)
            echo '/dts-v1/; / { dumped; };' | dtc -q -O dtb -o "${argument#dumpdtb=}"
            exit
            ;;
        */board.dtb) cp "$argument" board.dtb ;;
        */albireo.img) cp "$argument" albireo.img ;;
    esac
done
echo $$ >pid
printf '%s\\n' "$@" >arguments
"""


def elf(memsz=16):
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 243, 1, 0x10078, 64, 0, 5, 64,
                         56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0x78, 0x10078, 0, 4, memsz, 4096) + b"code"


def kernel():
    return struct.pack("<8sQQQIIQ8s4sI8sIIQ56x", b"jumpjump", 0x200000, 4096, 0, 2, 0, 0,
                       b"RISCV\0\0\0", b"RSC\5", 0, b"ALBIREO\0", 1, 0x103, 4096)


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


class Booting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(self.path("tmp"))
        for name, data in (("kernel.img", kernel()), ("task.elf", elf())):
            with open(self.path(name), "wb") as file:
                file.write(data)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def start(self, script, *arguments, qemu="./qemu",
              task=("--kernel", "kernel.img", "task.elf"), **options):
        with open(self.path("qemu"), "w") as file:
            file.write(PROLOGUE + script)
        os.chmod(self.path("qemu"), 0o755)
        environment = dict(os.environ, ALBIREO_QEMU=qemu, ALBIREO_SKIP_PACKAGES="1",
                           TMPDIR=self.path("tmp"))
        process = subprocess.Popen(
            [os.path.join(TOOLS, "boot"), *arguments, *task], cwd=self.folder, env=environment,
            **dict({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                    "stderr": subprocess.PIPE}, **options))
        self.addCleanup(process.communicate)
        self.addCleanup(self.kill_qemu)
        self.addCleanup(process.kill)
        return process

    def kill_qemu(self):
        """Where boot has failed to."""
        if self.qemu_runs():
            os.kill(int(self.read("pid")), signal.SIGKILL)

    def boot(self, script, *arguments, **options):
        """(exit status, console, what else was said)."""
        process = self.start(script, *arguments, **options)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual([], os.listdir(self.path("tmp")))
        return process.returncode, out, err.decode()

    def arguments(self):
        return self.read("arguments").splitlines()

    def qemu_runs(self):
        try:
            os.kill(int(self.read("pid")), 0)
            # A zombie that waits for its new parent has ended, too.
            return " Z " not in self.read("/proc/%s/stat" % self.read("pid").strip())
        except (FileNotFoundError, ProcessLookupError):
            return False


class ExitStatus(Booting):
    def test_shutdown(self):
        self.assertEqual((0, b"a\xff\0\r\nb", ""), self.boot("printf 'a\\xff\\0\\r\\nb'"))

    def test_timeout(self):
        start = time.monotonic()
        status, out, err = self.boot("echo up; exec sleep 1000", "--timeout", "3.5")
        self.assertEqual((124, b"up\n"), (status, out))
        self.assertRegex(err, r"\Aboot: timeout: killed after 3.5 s; a root task that .* looks "
                         r"like this\n\Z")
        self.assertGreaterEqual(time.monotonic() - start, 3.5)
        self.assertFalse(self.qemu_runs())

    def test_timeout_of_what_prints_all_the_time(self):
        status, out, _ = self.boot("while :; do echo x; sleep 0.1; done", "--timeout", "3")
        self.assertEqual(124, status)
        self.assertRegex(out, rb"\A(x\n)+\Z")

    def test_timeout_of_a_silent_end(self):
        self.assertEqual(124, self.boot("exec >&-; exec sleep 1000", "--timeout", "1")[0])

    def test_panic(self):
        dump = b"albireo: panic: oh\r\nsepc 0\r\nalbireo: stopped\r\n"
        script = "printf 'x\\n%s'; exec sleep 1000" % repr(dump)[2:-1]
        status, out, _ = self.boot(script)
        self.assertEqual((3, b"x\n" + dump), (status, out))
        self.assertFalse(self.qemu_runs())

    def test_panic_in_pieces(self):
        script = "for piece in a lbir 'eo: pan' ic: ' oh' '\\nalbireo: st' 'opped\\n'; do\n" \
                 "printf \"$piece\"; sleep 0.1; done; exec sleep 1000"
        self.assertEqual((3, b"albireo: panic: oh\nalbireo: stopped\n", ""), self.boot(script))

    def test_panic_whose_dump_never_ends(self):
        start = time.monotonic()
        script = "echo 'albireo: panic: oh'; sleep 0.5; echo more; exec sleep 1000"
        self.assertEqual((3, b"albireo: panic: oh\nmore\n", ""), self.boot(script))
        self.assertGreaterEqual(time.monotonic() - start, 2)

    def test_panic_and_then_the_end(self):
        self.assertEqual(3, self.boot("echo 'albireo: panic: oh'")[0])
        self.assertEqual(3, self.boot("echo 'albireo: panic: oh'; exit 1")[0])

    def test_boot_failed(self):
        script = "echo 'albireo: boot failed: no RAM'; echo 'albireo: stopped'; exec sleep 1000"
        self.assertEqual(4, self.boot(script)[0])

    def test_other_lines_are_no_panic(self):
        script = "echo 'oh albireo: panic: x'; echo 'albireo: panicked'; echo 'albireo: stopped'"
        self.assertEqual(0, self.boot(script)[0])

    def test_a_line_of_any_length(self):
        script = "head -c 300000 /dev/zero; echo; printf 'albireo: boot failed:'; " \
                 "head -c 300000 /dev/zero"
        status, out, _ = self.boot(script)
        self.assertEqual((4, 600022), (status, len(out)))

    def test_qemu_fails(self):
        status, out, err = self.boot("echo 'no such machine' >&2; exit 7")
        self.assertEqual((5, b""), (status, out))
        self.assertRegex(err, r"\Ano such machine\nboot: ./qemu ended with status 7\n\Z")

    def test_no_qemu(self):
        self.assertEqual((5, b"", "boot: /none: No such file or directory\n"),
                         self.boot("", qemu="/none"))

    def test_bad_files(self):
        with open(self.path("task.elf"), "wb") as file:
            file.write(b"nonsense" * 9)
        status, _, err = self.boot("")
        self.assertEqual(1, status)
        self.assertRegex(err, r"\Aboot: task.elf: not an ELF file: e_ident")
        os.unlink(self.path("kernel.img"))
        self.assertEqual((1, b"", "boot: kernel.img: No such file or directory\n"), self.boot(""))

    def test_usage(self):
        for arguments in (["--board", "x"], ["--via", "x"], ["--memory", "12"],
                          ["--memory", "1.5G"], ["--timeout", "0"], ["--timeout", "nan"],
                          ["--debug"], ["--release"], ["--root-cnode-bits", "99"], ["--unknown"],
                          ["--gdb", "--icount"]):
            status, _, err = self.boot("", *arguments)
            self.assertEqual(2, status)
            self.assertIn(arguments[0], err)

    def test_the_reader_of_the_console_goes_away(self):
        process = self.start("while :; do echo x; sleep 0.1; done")
        process.stdout.read(1)
        process.stdout.close()
        self.assertEqual(128 + signal.SIGPIPE, process.wait(PATIENCE))
        self.assertFalse(self.qemu_runs())
        process.stdout = None


class PackedImage(Booting):
    def setUp(self):
        super().setUp()
        subprocess.run([os.path.join(TOOLS, "mkimage"), "-o", "packed.img", "kernel.img",
                        "task.elf"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def test_is_booted_as_it_is(self):
        self.assertEqual((0, b"", ""), self.boot("", task=["packed.img"]))
        with open(self.path("packed.img"), "rb") as packed:
            with open(self.path("albireo.img"), "rb") as booted:
                self.assertEqual(packed.read(), booted.read())

    def test_cannot_be_given_another_kernel_or_parameters(self):
        for option, value in (("--kernel", "kernel.img"), ("--root-cnode-bits", "13")):
            status, _, err = self.boot("", task=[option, value, "packed.img"])
            self.assertEqual(2, status)
            self.assertIn("packed.img is packed already", err)

    def test_cannot_be_given_another_build_of_the_kernel(self):
        """kernel() is a debug kernel; the one below is none."""
        self.assertEqual(0, self.boot("", task=["--debug", "packed.img"])[0])
        self.assertEqual((2, b"", "boot: packed.img is packed already, with a debug kernel; "
                          "--release cannot change that\n"),
                         self.boot("", task=["--release", "packed.img"]))
        with open(self.path("packed.img"), "r+b") as packed:
            packed.seek(76)
            packed.write(struct.pack("<I", 0x102))
        self.assertEqual(0, self.boot("", task=["packed.img"])[0])
        self.assertEqual(0, self.boot("", task=["--release", "packed.img"])[0])
        self.assertEqual((2, b"", "boot: packed.img is packed already, with a release kernel; "
                          "--debug cannot change that\n"),
                         self.boot("", task=["--debug", "packed.img"]))

    def test_must_be_whole(self):
        os.truncate(self.path("packed.img"), os.path.getsize(self.path("packed.img")) - 8)
        status, _, err = self.boot("", task=["packed.img"])
        self.assertEqual(1, status)
        self.assertIn("packed.img: payload_file_size is ", err)

    def test_must_be_undamaged(self):
        with open(self.path("packed.img"), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"!")
        status, _, err = self.boot("", task=["packed.img"])
        self.assertEqual(1, status)
        self.assertIn("the root task is damaged", err)

    def test_must_hold_a_root_task(self):
        status, _, err = self.boot("", task=["kernel.img"])
        self.assertEqual(1, status)
        self.assertIn("kernel.img: the image holds no root task", err)


class Debugger(Booting):
    """With --gdb a kernel that has given up can be looked at for as long as one likes."""

    DUMP = "echo 'albireo: %s'; echo 'albireo: stopped'; "

    def test_a_panic_is_not_the_end(self):
        for what, status in (("panic: oh", 3), ("boot failed: oh", 4)):
            result = self.boot(self.DUMP % what + "sleep 3; echo killed by the debugger", "--gdb")
            self.assertEqual(status, result[0])
            self.assertTrue(result[1].endswith(b"albireo: stopped\nkilled by the debugger\n"))

    def test_ctrl_c_is(self):
        for script, status in ((self.DUMP % "panic: oh", 3), ("echo all is well;", 130)):
            process = self.start(script + "echo up; exec sleep 1000", "--gdb")
            while process.stdout.readline() != b"up\n":
                pass
            process.send_signal(signal.SIGINT)
            self.assertEqual(status, process.wait(PATIENCE))
            self.assertFalse(self.qemu_runs())

    def test_a_timeout_is(self):
        script = self.DUMP % "panic: oh" + "exec sleep 1000"
        start = time.monotonic()
        self.assertEqual(3, self.boot(script, "--gdb", "--timeout", "3.5")[0])
        self.assertGreaterEqual(time.monotonic() - start, 3.5)


class Signals(Booting):
    def check(self, number):
        process = self.start("echo up; exec sleep 1000")
        process.stdout.read(3)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((128 + number, b""), (process.returncode, err))
        self.assertFalse(self.qemu_runs())
        self.assertEqual([], os.listdir(self.path("tmp")))

    def test_they_end_qemu(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.check(number)

    def test_even_the_one_that_cannot_be_caught(self):
        process = self.start("echo up; exec sleep 1000")
        process.stdout.read(3)
        process.kill()
        wait_until(lambda: not self.qemu_runs())


class Console(Booting):
    def test_input(self):
        process = self.start("exec cat", stdin=subprocess.PIPE)
        out, _ = process.communicate(b"a\x03\0\xff\n", timeout=PATIENCE)
        self.assertEqual((0, b"a\x03\0\xff\n"), (process.returncode, out))

    def test_output_comes_at_once(self):
        process = self.start("printf x; exec sleep 1000")
        self.assertEqual(b"x", process.stdout.read(1))

    def test_terminal(self):
        """QEMU may leave it in any state: here without echo, and non-blocking."""
        main, terminal = os.openpty()
        self.addCleanup(os.close, main)
        self.addCleanup(os.close, terminal)
        before = subprocess.check_output(["stty", "-a"], stdin=terminal)
        process = self.start("stty raw -echo; echo up; exec sleep 1000", "--timeout", "3",
                             stdin=terminal, stdout=terminal, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        process.wait(PATIENCE)
        self.assertEqual(124, process.returncode)
        self.assertEqual(b"up\n", os.read(main, 100))
        self.assertEqual(before, subprocess.check_output(["stty", "-a"], stdin=terminal))


class Arguments(Booting):
    def check(self, expected, *arguments):
        """Whether the parts of `expected` are among QEMU's arguments, each as it stands."""
        status, _, err = self.boot("", *arguments)
        self.assertEqual((0, ""), (status, err))
        line = " ".join(self.arguments())
        for part in expected:
            self.assertRegex(" %s " % line, " %s " % part)
        return line

    def tree(self, *arguments):
        return subprocess.check_output(["fdtget", *arguments], cwd=self.folder, text=True).strip()

    def test_virt(self):
        line = self.check(["-M virt", "-m 512M", "-bios /usr/lib/.*/fw_dynamic.bin", "-no-reboot",
                           "-kernel [^ ]*/albireo.img", "-serial stdio", "-monitor none"])
        for absent in ("icount", "-dtb", "-gdb", "-device", "-S "):
            self.assertNotIn(absent, line)
        with open(self.path("albireo.img"), "rb") as file:
            image = file.read()
        self.assertEqual(b"code", image[4096 + 0x78:4096 + 0x7C])

    def test_sifive_u(self):
        self.check(["-M sifive_u -smp 5", "-m 2048M"], "--board", "sifive_u", "--memory", "2G")

    def test_unmatched(self):
        self.check(["-M sifive_u -smp 5", "-m 5120M", "-dtb [^ ]*/board.dtb"],
                   "--board", "unmatched", "--memory", "5G")
        self.assertEqual("0 80000000 1 40000000",
                         self.tree("-t", "x", "board.dtb", "/memory@80000000", "reg"))
        self.assertIn("sifive,hifive-unmatched-a00", self.tree("board.dtb", "/", "compatible"))
        self.assertNotIn("config", self.tree("-l", "board.dtb", "/").split())

    def test_uboot(self):
        for board in ("virt", "sifive_u", "unmatched"):
            self.check(["-kernel [^ ]*/uboot.elf", "-dtb [^ ]*/board.dtb",
                        "-device loader,file=[^ ]*/albireo.img,addr=0x84000000,force-raw=on"],
                       "--board", board, "--via", "uboot")
            self.assertEqual("booti 84000000 - ${fdtcontroladdr}",
                             self.tree("board.dtb", "/config", "bootcmd"))
            self.assertEqual("-2", self.tree("-t", "i", "board.dtb", "/config", "bootdelay"))
            dumped = "dumped" in self.tree("-p", "board.dtb", "/").split()
            self.assertEqual(board != "unmatched", dumped)

    def test_icount(self):
        self.check(["-icount shift=0,sleep=off -rtc clock=vm"], "--icount")

    def test_boot_parameters(self):
        self.check([], "--root-cnode-bits", "14", "--boot-slice-ms", "9")
        with open(self.path("albireo.img"), "rb") as file:
            self.assertEqual((14, 9), struct.unpack_from("<II", file.read(), 136))

    def test_warning_about_slots(self):
        with open(self.path("task.elf"), "wb") as file:
            file.write(elf((4000 << 12) - 0x78))
        status, _, err = self.boot("")
        self.assertEqual(0, status)
        self.assertRegex(err, r"\Aboot: task.elf: its 4000 pages .* use --root-cnode-bits 13\n\Z")

    def test_gdb(self):
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", 1234))
            except OSError:
                pass  # Someone else has taken it.
            status, _, err = self.boot("", "--gdb")
        self.assertEqual(0, status)
        port = re.search(r"-S -gdb tcp:127.0.0.1:(\d+)", " ".join(self.arguments())).group(1)
        self.assertNotEqual("1234", port)
        self.assertRegex(err, r"\Aboot: waiting for: gdb-multiarch .*'add-symbol-file task.elf' "
                         r".*'target remote 127.0.0.1:%s'\n\Z" % port)

    def test_print_command(self):
        _, _, err = self.boot("", "--print-command")
        self.assertRegex(err, r"\Aboot: ./qemu -M virt .*\n\Z")

    def test_memory_must_suffice(self):
        for via, needed in (("sbi", 2 + 4 + 4 + 1), ("uboot", 64 + 32 + 1)):
            status, _, err = self.boot("", "--via", via, "--memory", "%dM" % (needed - 1))
            self.assertEqual((1, "boot: task.elf needs a board with %d MiB of memory; use "
                              "--memory %dM\n" % (needed, needed)), (status, err))
            self.check([], "--via", via, "--memory", "%dM" % needed)

    def test_task_up_to_the_tree(self):
        with open(self.path("task.elf"), "wb") as file:
            file.write(elf((1020 << 20) - 0x78))
        status, _, err = self.boot("", "--memory", "4G", "--root-cnode-bits", "19")
        self.assertEqual(1, status)
        self.assertRegex(err, "task.elf is too large for QEMU: .* it ends 1022 MiB behind .*; at "
                         "1020 MiB there is the device tree")


if __name__ == "__main__":
    unittest.main()
