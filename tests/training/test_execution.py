"""Number format, threads and batch: chosen by what was measured, and kept by a run that goes on."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.training.tiny import make_tiny_student

from ioa.training import StudentSettings, open_student
from ioa.training import execution as execution_module
from ioa.training import machine as machine_module
from ioa.training import reply_speed as reply_module
from ioa.training.execution import Execution, choose_execution
from ioa.training.forward_cost import ForwardCost, forward_cost
from ioa.training.machine import (
    Load,
    Machine,
    Speed,
    available_cores,
    kept_machine,
    machine_file,
    measured_machine,
    processor,
    thread_counts,
)
from ioa.training.machine import measure as measure_truly
from ioa.training.reply_speed import ReplySpeeds
from ioa.training.reply_speed import measure_replies as measure_replies_truly

RATES = {("float32", 1): 130, ("float32", 2): 240, ("bfloat16", 1): 80, ("bfloat16", 2): 140}


def machine(rates=RATES, *, levels=0, quiet=True) -> Machine:
    speeds = tuple(Speed(dtype=d, threads=n, small=rate, large=1.2 * rate) for (d, n), rate in rates.items())
    about = {"processor": processor(), "torch": "x", "cores": available_cores(), "seconds": 2}
    return Machine(**about, speeds=speeds, levels=levels, quiet=quiet)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("student"))


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Makes measurements that the test gives; `asked` says how often, and for what."""
    state = SimpleNamespace(machine=machine(), replies={32: 100.0, 64: 150.0, 128: 155.0}, asked=[])

    def measure(device="cpu"):
        state.asked.append(device)
        return state.machine

    def measure_replies(*_):
        state.asked.append("replies")
        return ReplySpeeds(tokens_per_second=state.replies, bytes_per_token=1000)

    monkeypatch.setenv("IOA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(machine_module, "measure", measure)
    for name in ("measured_machine", "kept_machine"):
        monkeypatch.setattr(execution_module, name, getattr(machine_module, name))
    monkeypatch.setattr(reply_module, "measure_replies", measure_replies)
    monkeypatch.setattr(Load, "quiet", True)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: state.asked.append(f"{number} threads"))
    return state


def settings(folder: Path, **changes) -> StudentSettings:
    return StudentSettings(model=str(folder), device="cpu", **changes)


def test_a_machine_is_measured_truly_and_its_fastest_is_chosen(monkeypatch):
    monkeypatch.setattr(machine_module, "_SECONDS", 0.0)
    monkeypatch.setattr(machine_module, "_MOST_SECONDS", 0.0)
    monkeypatch.setattr(machine_module, "_SLICE", 0.001)
    before = torch.get_num_threads()
    found = measure_truly()
    assert torch.get_num_threads() == before
    assert {speed.threads for speed in found.speeds} == set(thread_counts(available_cores()))
    assert all(speed.small > 0 and speed.large > 0 for speed in found.speeds)
    assert found.dtype in {speed.dtype for speed in found.speeds}


@pytest.mark.parametrize(
    ("rates", "dtype", "threads"),
    [
        (RATES, "float32", 2),
        ({**RATES, ("bfloat16", 1): 400, ("bfloat16", 2): 390}, "bfloat16", 1),
        # Another process is busy: one thread is measured as on an idle machine, two wait for each other.
        ({**RATES, ("float32", 2): 19, ("bfloat16", 2): 500}, "float32", 1),
        ({("float32", 1): 60}, "float32", 1),
    ],
)
def test_the_format_is_chosen_by_one_thread_and_the_threads_by_the_format(rates, dtype, threads):
    found = machine(rates)
    assert (found.dtype, found.threads(found.dtype)) == (dtype, threads)


@pytest.mark.parametrize(
    ("int8", "levels", "expected"), [(340, 127, 127), (340, 63, 63), (330, 127, 0), (340, 0, 0), (None, 127, 0)]
)
def test_int8_is_used_where_it_is_exact_and_clearly_faster(int8, levels, expected, measured, folder, monkeypatch):
    rates = RATES | ({("int8", 1): 900, ("int8", 2): int8} if int8 else {})
    measured.machine = machine(rates, levels=levels)
    assert measured.machine.dtype == "float32"
    found = choose_execution(settings(folder))
    assert (found.dtype, found.int8_levels) == ("float32", expected)
    assert ("int8 while training" in found.told) == bool(expected)
    # A run goes on as it began, whatever is measured in the meantime.
    measured.machine = machine()
    assert choose_execution(settings(folder), found).int8_levels == expected
    elsewhere = found.model_copy(update={"processor": "another"})
    for exact in (127, 63, 0):
        monkeypatch.setattr(execution_module, "exact_levels", lambda exact=exact: exact)
        assert choose_execution(settings(folder), elsewhere).int8_levels == min(expected, exact)


def test_without_room_for_a_second_copy_the_weights_stay_as_they_are(measured, folder, monkeypatch):
    measured.machine = machine({**RATES, ("int8", 2): 900}, levels=127)
    stored = execution_module.stored_bytes(folder)
    monkeypatch.setattr(execution_module, "ROOM", 1.0)
    free = SimpleNamespace(available=2.5 * stored)
    monkeypatch.setattr(execution_module.psutil, "virtual_memory", lambda: free)
    found = choose_execution(settings(folder))
    assert (found.dtype, found.int8_levels) == ("float32", 0)


@pytest.mark.parametrize(
    ("cores", "physical", "expected"), [(1, 1, (1,)), (2, 2, (1, 2)), (2, 1, (1, 2)), (64, 32, (1, 8, 16, 32, 64))]
)
def test_one_thread_the_physical_cores_and_all_are_tried(cores, physical, expected, monkeypatch):
    monkeypatch.setattr(machine_module.psutil, "cpu_count", lambda logical: physical)
    assert thread_counts(cores) == expected


def test_it_is_measured_once_and_anew_without_its_file_or_with_a_damaged_one(measured, tmp_path):
    assert measured_machine(tmp_path) == measured_machine(tmp_path) == kept_machine(tmp_path)
    assert measured.asked == ["cpu"]
    machine_file(tmp_path).write_text("{")
    assert kept_machine(tmp_path) is None
    measured_machine(tmp_path)
    machine_file(tmp_path).unlink()
    measured_machine(tmp_path)
    assert measured.asked == ["cpu"] * 3


def test_what_was_measured_beside_others_is_not_kept_and_is_no_peak(measured, tmp_path):
    measured.machine = machine(quiet=False)
    assert measured_machine(tmp_path).peak is None
    assert kept_machine(tmp_path) is None


def test_a_folder_that_cannot_be_written_to_costs_a_measurement_and_no_more(measured, tmp_path):
    (tmp_path / "file").touch()
    assert measured_machine(tmp_path / "file" / "machines") == measured.machine


def test_all_is_chosen_where_all_is_open_and_told_in_one_line(measured, folder):
    told: list[str] = []
    student = open_student(settings(folder), told.append)
    assert student.execution is not None
    chosen = student.execution
    assert (chosen.dtype, chosen.threads, chosen.batch_size, chosen.peak) == ("float32", 2, 64, 1.2 * 240)
    assert (student.batch_size, student.model.dtype) == (64, torch.float32)
    assert measured.asked == ["cpu", "2 threads", "replies"]
    assert "float32 with 2 threads" in told[-1]
    assert "64 at a time 150" in told[-1]
    open_student(settings(folder), told.append)
    assert measured.asked == ["cpu", "2 threads", "replies", "2 threads"]


def test_nothing_is_measured_where_nothing_is_open(measured, folder):
    student = open_student(settings(folder, dtype="bfloat16", threads=1, batch_size=5), lambda _: None)
    assert measured.asked == ["1 threads"]
    assert (student.batch_size, student.model.dtype) == (5, torch.bfloat16)


def test_the_number_of_threads_that_a_user_gave_to_the_process_counts_for_more(measured, folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for own in ("auto", 7):
        assert choose_execution(settings(folder, threads=own)).threads == torch.get_num_threads()


def test_a_run_goes_on_as_it_began_whatever_is_measured_since(measured, folder):
    began = choose_execution(settings(folder)).model_copy(update={"dtype": "bfloat16", "threads": 1, "batch_size": 9})
    asked = list(measured.asked)
    student = open_student(settings(folder), lambda _: None, began)
    assert student.execution == began
    assert (student.batch_size, student.model.dtype) == (9, torch.bfloat16)
    assert measured.asked == [*asked, "1 threads"]


def test_on_another_machine_a_run_keeps_its_format_and_batch_and_not_its_threads(measured, folder):
    began = Execution(
        device="cpu", dtype="bfloat16", threads=64, batch_size=128, processor="Another", cores=64, peak=9000.0
    )
    found = choose_execution(settings(folder), began)
    assert (found.dtype, found.batch_size, found.threads) == ("bfloat16", 128, 2)
    assert (found.processor, found.peak) == (processor(), 1.2 * 240)


def test_weights_for_which_float32_has_no_room_are_in_bfloat16(measured, folder, monkeypatch):
    monkeypatch.setattr(execution_module, "stored_bytes", lambda _: 10**15)
    assert choose_execution(settings(folder)).dtype == "bfloat16"
    assert choose_execution(settings(folder, dtype="float32")).dtype == "float32"


@pytest.mark.parametrize(
    ("rates", "free", "size"),
    [
        ({32: 100, 64: 150, 128: 155}, 10**10, 64),
        ({32: 100, 64: 150, 128: 190}, 10**10, 128),
        ({32: 100, 64: 90, 128: 120}, 10**10, 128),
        ({32: 100}, 10**10, 32),
        ({32: 100, 64: 150}, 2 * 50 * 260_000, 32),
        ({32: 100, 64: 150}, 2 * 7.5 * 260_000, 7),
        ({32: 100, 64: 150}, 1, 1),
    ],
)
def test_the_batch_is_the_fastest_for_which_there_is_memory(rates, free, size, monkeypatch):
    monkeypatch.setattr(reply_module, "_free_memory", lambda _: free)
    speeds = ReplySpeeds(tokens_per_second=rates, bytes_per_token=1000)
    embeddings = SimpleNamespace(weight=torch.zeros(500, 1))  # 8 bytes of each logit: 4,000
    model = SimpleNamespace(get_input_embeddings=lambda: embeddings)
    assert speeds.choose(model, 128)[0] == size  # 256 tokens of 1,000 bytes, and the logits


def test_a_student_is_measured_by_its_own_weights(folder):
    student = open_student(settings(folder, dtype="float32", threads=1, batch_size=4), lambda _: None)
    found = measure_replies_truly(student.model, student.trial)
    assert found.tokens_per_second[32] > 0
    assert found.bytes_per_token == 2 * 2 * 2 * 16 * 4  # keys and values, layers, heads, width, bytes


def test_operations_are_those_of_the_layers_and_of_the_head_where_logits_are_computed(folder):
    student = open_student(settings(folder, dtype="float32", threads=1, batch_size=4), lambda _: None)
    config = json.loads((folder / "config.json").read_text())
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    layer = 2 * hidden * hidden + 2 * hidden * hidden // 2 + 3 * hidden * 2 * hidden
    assert student.cost == ForwardCost(token=2 * 2 * layer, logits=2 * hidden * vocabulary)
    assert student.cost.generation(10, 5) == 15 * student.cost.token + 5 * student.cost.logits
    assert student.cost.training(10, 5) == 2 * (10 * student.cost.token + 5 * student.cost.logits)


def test_the_operations_of_a_mixture_of_experts_are_not_known():
    config = SimpleNamespace(num_local_experts=8)
    config.get_text_config = lambda decoder: config
    assert forward_cost(SimpleNamespace(config=config)) is None
