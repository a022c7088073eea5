"""What people put around a module: data parallel, safetensors, the Trainer of transformers."""

import json
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from idlib import Subspace
from idlib.projections import PROJECTIONS


def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def batch():
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    return x, torch.arange(8) % 3


def worker(rank, folder):
    """One of two processes, with a half of the batch, and steps that every projection makes."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    x, y = (part.chunk(2)[rank] for part in batch())
    for name in PROJECTIONS:
        parallel = DistributedDataParallel(Subspace(model().eval(), 5, name).eval())
        optimizer = torch.optim.SGD(parallel.parameters(), lr=0.5)
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(parallel(x), y).backward()
            optimizer.step()
        torch.save(parallel.module.theta_d, os.path.join(folder, f"{name}-{rank}.pt"))
    torch.distributed.destroy_process_group()


def test_two_processes_train_as_one_does(tmp_path):
    command = [sys.executable, __file__, str(tmp_path)]  # processes that know no tests package
    processes = [subprocess.Popen([*command, str(rank)]) for rank in (0, 1)]
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    x, y = batch()
    for name in PROJECTIONS:
        alone = Subspace(model().eval(), 5, name).eval()
        optimizer = torch.optim.SGD(alone.parameters(), lr=0.5)
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(alone(x), y).backward()
            optimizer.step()
        for rank in (0, 1):
            theta_d = torch.load(tmp_path / f"{name}-{rank}.pt")
            assert theta_d.abs().max() > 0.01
            torch.testing.assert_close(theta_d, alone.theta_d)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_factors_are_no_state_of_the_module(name):
    subspace = Subspace(nn.Linear(4, 3), 5, name)
    assert [*subspace.buffers()] == [] and subspace.projection.state_bytes() > 0
    assert all(f.device.type == "meta" for f in subspace.to("meta").projection._factors())


def test_safetensors(tmp_path):
    from safetensors.torch import load_file, load_model, save_file, save_model

    x, _ = batch()
    subspace, others = Subspace(model(), 5), [Subspace(model(), 5, "dense") for _ in range(2)]
    nn.init.normal_(subspace.theta_d)
    subspace.train()(x)
    assert all(isinstance(value, torch.Tensor) for value in subspace.state_dict().values())
    save_file(subspace.state_dict(), tmp_path / "state.safetensors")
    others[0].load_state_dict(load_file(tmp_path / "state.safetensors"))
    save_model(subspace, tmp_path / "model.safetensors")
    load_model(others[1], tmp_path / "model.safetensors", strict=False)
    for other in others:
        assert torch.equal(other.eval()(x), subspace.eval()(x))


def test_a_state_of_an_earlier_version_is_read_and_checked():
    subspace = Subspace(model(), 5, "hashed", seed=3)
    nn.init.normal_(subspace.theta_d)
    state = subspace.state_dict()
    state["_extra_state"] = json.loads(bytes(state["_extra_state"].numpy()))
    state["_extra_state"]["layers"] = tuple(state["_extra_state"]["layers"])
    x, other = batch()[0], Subspace(model(), 5)
    other.load_state_dict(state)
    assert torch.equal(other(x), subspace(x))
    with pytest.raises(ValueError, match="d = 5, this one has D = 83 and d = 6"):
        Subspace(model(), 6).load_state_dict(state)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_trainer_of_transformers_goes_on_from_a_checkpoint(tmp_path):
    import transformers

    config = transformers.BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16, num_labels=2,
    )  # fmt: skip
    torch.manual_seed(0)
    net = transformers.BertForSequenceClassification(config)
    rows = [
        {"input_ids": torch.randint(20, (6,)), "attention_mask": torch.ones(6, dtype=torch.long),
         "labels": i % 2}
        for i in range(8)
    ]  # fmt: skip

    def trainer(steps):
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path), max_steps=steps, save_steps=2, learning_rate=0.1,
            per_device_train_batch_size=4, remove_unused_columns=False, use_cpu=True,
            report_to=[], disable_tqdm=True, lr_scheduler_type="constant",
            logging_strategy="no", dataloader_pin_memory=False, seed=0,
        )  # fmt: skip
        return transformers.Trainer(Subspace(net, 6), arguments, train_dataset=rows)

    whole = trainer(4)
    whole.train()
    resumed = trainer(4)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert whole.model.theta_d.abs().max() > 0.1
    torch.testing.assert_close(resumed.model.theta_d, whole.model.theta_d)


if __name__ == "__main__":
    worker(int(sys.argv[2]), sys.argv[1])
