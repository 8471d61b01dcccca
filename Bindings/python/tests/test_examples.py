"""The examples, on data that is made here."""

import gzip
import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

import characters
import compare
import mnist
import resnet
import runs

EXAMPLES = {"mnist": mnist, "characters": characters, "resnet": resnet}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with MNIST's and CIFAR-10's formats; images of a class are alike."""
    result = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.uint8) % 10
    images = random.integers(0, 256, (10, 28, 28))[labels] // 2 + random.integers(0, 128, (200, 28, 28))
    (result / "mnist").mkdir()
    for part in ("train", "t10k"):
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (result / "mnist" / f"{part}-{name}-ubyte.gz").write_bytes(
                gzip.compress(head + array.astype(np.uint8).tobytes()))
    records = np.concatenate([labels[:, None], random.integers(0, 256, (200, 3072))], 1).astype(np.uint8)
    (result / "cifar-10-batches-bin").mkdir()
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        records.tofile(result / "cifar-10-batches-bin" / f"{name}.bin")
    return str(result)


def run(monkeypatch, example, *arguments):
    monkeypatch.setattr(sys, "argv", [example, *arguments])
    runs.main(EXAMPLES[example].train, EXAMPLES[example].STEPS, EXAMPLES[example].__doc__)


@pytest.mark.parametrize("optimizer", ["gateprop", "adamw", "adamw-cosine", "rnnprop"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_writes_a_line_for_each_test(monkeypatch, tmp_path, folder, example, optimizer):
    log = tmp_path / "log"
    run(monkeypatch, example, "--data", folder, "--optimizer", optimizer, "--steps", "3", "--tests", "3", "--log", str(log))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert 0 < lines[0]["seconds"] < lines[1]["seconds"] < lines[2]["seconds"]
    assert all(0 < line["train_loss"] < 20 and 0 < line["test_loss"] and 0 <= line["test_accuracy"] <= 1 for line in lines)
    assert len({line["test_loss"] for line in lines}) == 3


@pytest.mark.parametrize("optimizer", ["gateprop", "adamw"])
def test_the_perceptron_learns_images_that_are_alike(monkeypatch, capsys, folder, optimizer):
    run(monkeypatch, "mnist", "--data", folder, "--optimizer", optimizer, "--steps", "40", "--tests", "1")
    assert json.loads(capsys.readouterr().out)["test_accuracy"] > 0.95


def test_missing_and_broken_data_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("L2O_DATA_DIR", raising=False)
    with pytest.raises(SystemExit, match="L2O_DATA_DIR"):
        run(monkeypatch, "mnist")
    with pytest.raises(SystemExit, match="mnist.* is missing"):
        run(monkeypatch, "mnist", "--data", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    for content in (b"no gzip", gzip.compress(b"\0\0\x08\x01\0\0\0\x09short"), gzip.compress(b"")):
        (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(content)
        with pytest.raises(SystemExit, match="not an IDX file"):
            run(monkeypatch, "mnist", "--data", str(tmp_path))
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name in ("data_batch_1", "test_batch"):
        (tmp_path / "cifar-10-batches-bin" / f"{name}.bin").write_bytes(bytes(3074))
    with pytest.raises(SystemExit, match="3074 bytes"):
        run(monkeypatch, "resnet", "--data", str(tmp_path))


def test_an_unknown_optimizer_is_told(monkeypatch, folder):
    with pytest.raises(SystemExit, match="adamx"):
        run(monkeypatch, "mnist", "--data", folder, "--optimizer", "adamx", "--steps", "1")


def test_runs_in_turn_give_what_each_gives_alone(tmp_path, folder):
    options = Namespace(data=folder, steps=7, tests=7)
    choices = [("gateprop", None, 1), ("adamw", 0.003, 1), ("adamw", 0.01, 2)]
    losses = lambda logs: [[line["test_loss"] for line in log] for log in logs]
    together = compare.interleave(mnist.train, choices, options, tmp_path, block=2)
    alone = [compare.interleave(mnist.train, [choice], options, tmp_path)[0] for choice in choices]
    assert losses(together) == losses(alone)


def training_whose_best_rate_is(best):
    def train(options):
        loss = float("nan") if options.lr > 0.5 else abs(np.log(options.lr / best))
        yield lambda: (loss, 0.5)
        for _ in range(options.steps):
            yield loss
    return train


@pytest.mark.parametrize("best", [0.00003, 0.003, 0.3])
def test_tuning_goes_on_until_the_best_rate_has_neighbours(tmp_path, best):
    options = Namespace(steps=2, tests=1)
    assert compare.tune(training_whose_best_rate_is(best), ["adamw"], [0.001, 0.003, 0.01], options, tmp_path) == [best]
    tried = sorted(line["lr"] for path in tmp_path.glob("*.jsonl") for line in compare.read(path))
    assert tried[0] < best < tried[-1]


def test_figures_at_equal_seconds_are_of_when_the_first_run_ended():
    def log(optimizer, seconds, losses):
        return [
            dict(optimizer=optimizer, lr=0.003, step=step + 1, seconds=(step + 1) * seconds, test_loss=loss, test_accuracy=0.5)
            for step, loss in enumerate(losses)
        ]

    groups = {"gateprop": [log("gateprop", 2, [4, 2, 1])], "adamw": [log("adamw", 1.5, [4, 3, 1.5])]}
    tuning = {"gateprop": [], "adamw": [log("adamw", 1.5, [9, 9, 9]), log("adamw", 2, [9, 9, None])]}
    rows = compare.summarise(groups, tuning).splitlines()
    # After 4.5 seconds, Gateprop is a quarter of the way from 2 to 1.
    assert rows[2] == "| Gateprop | 1.0000 | 50.00% | 1.7500 | 50.00% | 6.0 | 0 (0 runs) |"
    assert rows[3] == "| AdamW at 0.003 | 1.5000 | 50.00% | 1.5000 | 50.00% | 4.5 | 10 (2 runs) |"


def test_a_comparison_writes_its_logs_its_table_and_its_picture(monkeypatch, tmp_path, folder):
    arguments = ["--steps", "4", "--tests", "2", "--seeds", "2", "--rates", "0.01", "--data", folder]
    monkeypatch.setattr(sys, "argv", ["compare", "mnist", "--out", str(tmp_path), *arguments])
    compare.main()
    table = (tmp_path / "result.md").read_text()
    assert "| Gateprop | " in table and "| AdamW at 0.01 | " in table and "| AdamW at 0.01, cosine to 0 | " in table
    assert len(list(tmp_path.glob("measured/*.jsonl"))) == 6 and len(list(tmp_path.glob("tuning/*.jsonl"))) == 2
    pytest.importorskip("matplotlib")
    picture = (tmp_path / "result.svg").read_text()
    assert "Gateprop" in picture and "AdamW at 0.01" in picture
    monkeypatch.setattr(sys, "argv", ["compare", "mnist", "--out", str(tmp_path), "--draw"])
    compare.main()
    assert (tmp_path / "result.svg").read_text() == picture and (tmp_path / "result.md").read_text() == table
    monkeypatch.setattr(sys, "argv", ["compare", "mnist", "--out", str(tmp_path), *arguments])
    with pytest.raises(SystemExit, match="has logs already"):
        compare.main()
