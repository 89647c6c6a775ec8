#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the processes that tools/fuzz starts, and of what it tells them to do."""

import errno
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

sys.dont_write_bytecode = True
TOOLS = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(TOOLS, "lib"))

import fuzz_engines  # noqa: E402
import fuzz_output  # noqa: E402
import fuzz_process  # noqa: E402
import fuzz_targets  # noqa: E402


class Roles(unittest.TestCase):
    def test_rotation(self):
        roles = [fuzz_engines.role(slot, 4, "", True) for slot in range(8)]
        self.assertEqual([False, False, False, True] * 2, [role.sanitize for role in roles])
        self.assertEqual(["cheap", "cheap", "full", "off", "cheap", "cheap", "cheap", "off"],
                         [role.oracles for role in roles])
        self.assertEqual([False, False, True, True, False, False, False, True],
                         [role.sample for role in roles])
        self.assertEqual({False}, {role.domains for role in roles})

    def test_a_variant_has_its_turn_with_all_oracles(self):
        roles = [fuzz_engines.role(slot, 4, "", True, True) for slot in range(120)]
        varied = [role for role in roles if role.domains]
        self.assertEqual({("cheap", False), ("full", True)},
                         {(role.oracles, role.sample) for role in varied})
        self.assertEqual({False}, {role.sanitize for role in varied})
        self.assertLess(len(roles) / 8, len(varied))
        self.assertEqual("domains_libfuzzer", fuzz_engines.program("libfuzzer", varied[0]))
        self.assertEqual("replay_sanitize", fuzz_engines.program("replay", roles[3]))

    def test_choice_of_the_user(self):
        roles = {fuzz_engines.role(slot, 0, "off", True) for slot in range(50)}
        self.assertEqual({(False, "off", False, False)}, roles)
        self.assertEqual((True, "", False, False), fuzz_engines.role(0, 1, "full", False))
        self.assertEqual((True, "full", True, False), fuzz_engines.role(0, 1, "full", True))

    def test_each_slice_has_another_seed(self):
        seeds = {fuzz_engines.worker_seed(seed, slot) for seed in range(20) for slot in range(20)}
        self.assertEqual(400, len(seeds))
        self.assertTrue(all(0 < seed < 2 ** 31 for seed in seeds))
        self.assertEqual(fuzz_engines.worker_seed(1, 2), fuzz_engines.worker_seed(1, 2))


class FakeTools(dict):
    """Programs by name."""

    @staticmethod
    def dictionary():
        return ""


class Commands(unittest.TestCase):
    """What the engines are told."""

    def start(self, engine_class, work_role):
        names = ("libfuzzer", "random", "domains_libfuzzer", "afl")
        tools = FakeTools({name: "/bin/" + name for name in names})
        target = fuzz_targets.TARGETS["boot"]
        with tempfile.TemporaryDirectory() as folder:
            engine = engine_class(target, tools, folder, "corpus", None)
            with unittest.mock.patch.object(fuzz_engines, "Worker") as worker, \
                    unittest.mock.patch.object(fuzz_engines, "AflWorker") as afl_worker:
                engine.start(0, work_role, 60, 77, "id")
        return (worker.call_args or afl_worker.call_args).args[0]

    def test_libfuzzer(self):
        command = self.start(fuzz_engines.LibFuzzer, fuzz_engines.Role(False, "", False, True))
        self.assertEqual("/bin/domains_libfuzzer", command[0])
        for word in ("-seed=77", "-entropic=0", "-max_len=65536", "-max_total_time=60"):
            self.assertIn(word, command)

    def test_afl(self):
        command = " ".join(self.start(fuzz_engines.Afl, fuzz_engines.Role(False, "")))
        for words in (" -s 77 ", " -G 65536 ", " -V 60 ", " -- /bin/afl"):
            self.assertIn(words, command)

    def test_random(self):
        command = " ".join(self.start(fuzz_engines.Random, fuzz_engines.Role(False, "")))
        for words in ("/bin/random ", " --seed 77 ", " --max-size 65536 ", " --seconds 60 "):
            self.assertIn(words, command)


class AflFiles(unittest.TestCase):
    """What afl-fuzz leaves on the disk, without it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.join(folder.name, "elf")
        self.out = os.path.join(self.folder, "afl", "one")
        self.target = fuzz_targets.TARGETS["elf"]

    def put(self, name, text):
        path = os.path.join(self.out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def engine(self):
        return fuzz_engines.Afl(self.target, FakeTools(), self.folder, "corpus", None)

    def worker(self):
        worker = fuzz_engines.AflWorker(["sleep", "100"], self.folder,
                                        fuzz_engines.Role(False, ""), self.out, {})
        self.addCleanup(fuzz_engines.end_all, [worker])
        return worker

    def test_each_crash_is_looked_at_once_also_if_a_run_was_killed_before(self):
        self.put("crashes/id:0", "one")
        self.put("hangs/id:0", "two")
        engine, worker = self.engine(), self.worker()
        paths = engine.new_crashes(worker)
        self.assertEqual(2, len(paths))
        self.assertEqual([], engine.new_crashes(worker))
        engine.examined(paths[0])
        # Here tools/fuzz is killed. afl-fuzz, started again, moves what was there.
        os.rename(os.path.join(self.out, "crashes"), os.path.join(self.out, "crashes.2026-01-01"))
        self.put("crashes/id:0", "three")
        engine = self.engine()
        texts = []
        for path in engine.new_crashes(self.worker()):
            with open(path) as file:
                texts.append(file.read())
            engine.examined(path)
        self.assertEqual(["three", "two"], sorted(texts))
        self.assertEqual([], self.engine().new_crashes(self.worker()))

    def test_a_crash_that_cannot_be_written_is_tried_again(self):
        for number in range(3):
            self.put("crashes/id:%d" % number, str(number))
        engine, worker = self.engine(), self.worker()
        replace, times = os.replace, []

        def full_at_the_second(*paths):
            times.append(paths)
            if len(times) == 2:
                raise OSError(28, "No space")
            replace(*paths)
        with unittest.mock.patch.object(os, "replace", full_at_the_second):
            with self.assertRaises(OSError):
                engine.new_crashes(worker)
        self.assertEqual(1, len(os.listdir(os.path.join(self.folder, "crashes"))))
        self.assertEqual(3, len(set(engine.new_crashes(worker))))
        self.assertEqual([], engine.new_crashes(worker))

    def test_a_crash_that_was_written_in_part_is_not_one(self):
        self.put("crashes/id:0", "one")
        path, = self.engine().new_crashes(self.worker())
        os.rename(path, path + ".new")
        self.assertEqual([path], self.engine().new_crashes(self.worker()))
        with open(path) as file:
            self.assertEqual("one", file.read())

    def test_crashes_that_wait_are_played_as_they_were_seen(self):
        self.put("crashes/id:0", "one")
        self.put("hangs/id:0", "two")
        worker = self.worker()
        worker.role = fuzz_engines.Role(False, "full", True, True)
        self.assertEqual(2, len(self.engine().new_crashes(worker)))
        engine = self.engine()  # Here tools/fuzz was killed.
        engine._tools = unittest.mock.Mock()
        paths = engine.new_crashes(self.worker())  # Whichever asks first.
        crashes = [engine.crash(path) for path in paths]
        self.assertEqual([False, True], sorted(crash.hang for crash in crashes))
        for path in paths:
            engine.diagnose(path)
            engine._tools.diagnose.assert_called_with(
                path, fuzz_engines.Role(False, "full", False, True))

    def test_a_crash_of_the_fuzzer_is_no_find(self):
        worker = fuzz_engines.AflWorker(["sh", "-c", "kill -SEGV $$"], self.folder,
                                        fuzz_engines.Role(False, ""), self.out, {})
        worker.process.wait()
        self.assertEqual(-signal.SIGSEGV, worker.poll())
        self.assertIsNone(worker.find())

    def test_figures_are_of_this_run(self):
        head = "# relative_time, cycles_done, total_execs, edges_found\n"
        self.put("plot_data", head + "1, 0, 1000, 70\n")
        worker = self.worker()
        worker.refresh()
        self.assertEqual((0, 70), (worker.inputs, worker.cov))
        self.put("plot_data", head + "1, 0, 1000, 70\n2, 0, 1500, 75\n")
        worker.refresh()
        self.assertEqual((500, 75), (worker.inputs, worker.cov))
        self.put("plot_data", head + "1, 0, 1000, 70\n2, 0, 15")  # It is being written.
        worker.refresh()
        self.assertEqual((500, 75), (worker.inputs, worker.cov))

    def test_figures_of_a_machine_that_stopped(self):
        text = "# total_execs, edges_found\n1000, 70\n"
        for rest in ("2000", "2000,", "2000, ", "2000, \0", ","):
            self.put("plot_data", text + rest)
            worker = self.worker()
            worker.refresh()
            self.assertEqual(0, worker.inputs, rest)
            self.put("plot_data", text + "1500, 75\n")
            worker.refresh()
            self.assertEqual(500, worker.inputs, rest)

    def test_names_are_of_machines_and_campaigns(self):
        engine = self.engine()
        main = engine._name(0, "aaa")
        self.assertEqual("-M", main[0])
        self.put("../%s/is_main_node" % main[1], "")
        names = [engine._name(index, name) for index in (0, 1) for name in ("aaa", "bbb")]
        self.assertEqual([main], [name for name in names if name[0] == "-M"])
        self.assertEqual(4, len(set(names)))


class Processes(unittest.TestCase):
    def test_time_is_over_for_all_that_was_started(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            for seconds in (1, 10, 60):  # Until the program has got that far.
                with self.assertRaises(subprocess.TimeoutExpired):
                    fuzz_process.run(["sh", "-c", "sleep 1000 & echo $! >%s.new; mv %s.new %s; wait"
                                      % (path, path, path)], seconds)
                if os.path.exists(path):
                    break
            with open(path) as file:
                self.assertTrue(dies(int(file.read())))

    def test_status_and_output(self):
        said = fuzz_process.run(["sh", "-c", "echo out; echo err >&2; exit 3"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertEqual((3, "err\n"), said)

    def test_no_python_runs_in_children(self):
        """It could wait for ever for a lock that another thread had."""
        with tempfile.TemporaryDirectory() as folder:
            with unittest.mock.patch.object(subprocess, "Popen",
                                            wraps=subprocess.Popen) as started:
                worker = fuzz_engines.Worker(["true"], folder, fuzz_engines.Role(False, ""))
                worker.process.wait()
                worker.poll()
            self.assertNotIn("preexec_fn", started.call_args.kwargs)


class FullDisk(io.RawIOBase):
    def __init__(self):
        super().__init__()
        self.full, self.text = True, b""

    def writable(self):
        return True

    def write(self, data):
        if self.full:
            raise OSError(errno.ENOSPC, "No space")
        self.text += bytes(data)
        return len(data)


class Output(unittest.TestCase):
    PROGRAM = ("import sys; sys.path.insert(0, %r); import fuzz_output as o\n"
               "for _ in range(3): o.put(sys.stdout, 'line\\n'); o.put(sys.stderr, 'line\\n')\n"
               "o.finish(sys.stdout, sys.stderr); sys.exit(1)" % os.path.join(TOOLS, "lib"))

    def check_status(self, out):
        with out:
            done = subprocess.run([sys.executable, "-c", self.PROGRAM], stdout=out, stderr=out,
                                  check=False)
        self.assertEqual(1, done.returncode)  # And not 120, which is Python's.

    def test_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.check_status(open(writer, "w"))

    def test_no_room(self):
        self.check_status(open("/dev/full", "w"))

    def test_room_again(self):
        disk = FullDisk()
        out = io.TextIOWrapper(io.BufferedWriter(disk))
        fuzz_output.put(out, "one\n")
        disk.full = False
        fuzz_output.put(out, "two\n")
        self.assertEqual(b"one\ntwo\n", disk.text)


def dies(pid):
    """True if the process has ended, or does so within some seconds."""
    for _ in range(100):
        if is_dead(pid):
            return True
        time.sleep(0.1)
    return False


def is_dead(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class WorkersDie(unittest.TestCase):
    def test_with_the_program_that_started_them(self):
        script = ("import sys; sys.path.insert(0, %r)\n"
                  "import fuzz_engines, os, time\n"
                  "w = fuzz_engines.Worker(['sleep', '100'], %r, fuzz_engines.Role(False, ''))\n"
                  "print(w.process.pid, flush=True); time.sleep(100)\n")
        with tempfile.TemporaryDirectory() as folder:
            parent = subprocess.Popen(
                [sys.executable, "-c", script % (os.path.join(TOOLS, "lib"), folder)],
                stdout=subprocess.PIPE)
            pid = int(parent.stdout.readline())
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            parent.stdout.close()
            if not dies(pid):
                os.kill(pid, signal.SIGKILL)
                self.fail("the worker lives on")


if __name__ == "__main__":
    unittest.main()
