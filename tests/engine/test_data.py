"""Data sets as the engine sees them: told apart, split and sampled, whatever they hold."""

import pytest
import torch
from torch.utils.data import Subset, TensorDataset

from idlib import IdlibError
from idlib.engine.data import SAMPLE, commonest, fingerprint, in_memory, sample, split


class TestFingerprint:
    def test_it_sees_values_shapes_and_types(self):
        x = torch.arange(6.0)
        variants = [x, x + 1, x.flip(0), x.view(2, 3), x.view(3, 2), x.double(), x.int()]
        assert len({fingerprint(TensorDataset(v)) for v in variants}) == len(variants)
        assert fingerprint(TensorDataset(x.clone())) == fingerprint(TensorDataset(x))

    def test_any_dataset_has_one(self):
        whole = TensorDataset(torch.arange(40.0), torch.arange(40))
        other = [(x, -y if i == 7 else y) for i, (x, y) in enumerate(whole)]
        assert fingerprint(other) != fingerprint([*whole]), "a label that is not looked at"
        prints = {fingerprint(Subset(whole, range(n))) for n in (1, 3, 39, 40)}
        assert len(prints) == 4
        assert fingerprint(Subset(whole, range(40))) in prints


class TestSplit:
    @pytest.mark.parametrize("n", [2, 9, 100, 1347])
    def test_every_example_is_on_one_side_and_always_the_same(self, n):
        dataset = TensorDataset(torch.arange(n), torch.arange(n))
        torch.manual_seed(n)
        for_training, held_out = split(dataset)
        assert len(held_out) == max(1, round(n / 10))
        both = torch.cat([for_training.tensors[0], held_out.tensors[0]])
        assert both.sort().values.tolist() == [*range(n)]
        assert torch.equal(split(dataset)[1].tensors[0], held_out.tensors[0])

    def test_any_dataset_is_split_alike(self):
        tensors = TensorDataset(torch.arange(50))
        other = Subset(tensors, range(50))
        for part, expected in zip(split(other), split(tensors), strict=True):
            assert [int(x) for (x,) in part] == expected.tensors[0].tolist()

    @pytest.mark.parametrize("n", [0, 1])
    def test_too_few_examples(self, n):
        with pytest.raises(IdlibError, match=f"has {n} examples: at least 2"):
            split(TensorDataset(torch.zeros(n)))


class TestSample:
    def test_at_most_so_many_and_always_the_same(self):
        few, many = (TensorDataset(torch.arange(n)) for n in (10, 3 * SAMPLE))
        assert sorted(x.item() for (x,) in sample(few)) == [*range(10)]
        drawn = sample(many).tensors[0]
        torch.manual_seed(5)
        assert len(set(drawn.tolist())) == SAMPLE and torch.equal(sample(many).tensors[0], drawn)
        assert drawn.max() > 2 * SAMPLE, "from all of them"

    def test_a_part_is_of_the_same_class_and_kept_in_memory(self):
        class Marked(TensorDataset):
            mark = 7

        parts = [*split(Marked(torch.arange(20))), sample(Marked(torch.arange(20)))]
        assert all(type(part) is Marked and in_memory(part) for part in parts)
        assert not in_memory(Subset(Marked(torch.arange(3)), [0]))


def test_the_commonest_label():
    labels = torch.tensor([2, 1, 2, 2, 0])
    data = TensorDataset(torch.zeros(5), labels)
    assert commonest(data) == commonest([*data]) == commonest(Subset(data, range(5))) == 0.6
