"""What l2o.torch remembers goes on with the same bits, wherever it was."""

import copy
import io
import pathlib
import pickle
import subprocess
import sys

import l2o
import l2o.torch
import pytest
import torch
from networks import LEARNED, RULES, bits, model, same, train


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("force", [None, "torch"])
def test_state_dict_goes_on_with_the_same_bits(rule, force):
    if force and rule not in LEARNED:
        pytest.skip("no form in torch operations")
    network = model()
    optimizer = l2o.torch.Optimizer(network.parameters(), rule, force=force)
    train(network, optimizer, 5)
    buffer = io.BytesIO()
    torch.save({"model": network.state_dict(), "optimizer": optimizer.state_dict()}, buffer)
    buffer.seek(0)
    saved = torch.load(buffer)
    other = model(7)
    again = l2o.torch.Optimizer(other.parameters(), rule, force=force)
    other.load_state_dict(saved["model"])
    again.load_state_dict(saved["optimizer"])
    assert train(network, optimizer, 5) == train(other, again, 5)
    assert same(bits(network), bits(other))


def test_another_process_goes_on_with_the_same_bits(tmp_path):
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    train(network, optimizer, 5)
    torch.save((network.state_dict(), optimizer.state_dict()), tmp_path / "checkpoint")
    program = f"""
import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})
import networks as t, torch, l2o.torch
network = t.model(3)
optimizer = l2o.torch.Gateprop(network.parameters())
weights, state = torch.load({str(tmp_path / 'checkpoint')!r})
network.load_state_dict(weights); optimizer.load_state_dict(state)
t.train(network, optimizer, 5)
torch.save(t.bits(network), {str(tmp_path / 'after')!r})
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    train(network, optimizer, 5)
    assert same(bits(network), torch.load(tmp_path / "after"))


@pytest.mark.parametrize("make", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("rule", LEARNED)
def test_copies_go_on_with_the_same_bits(make, rule):
    network = model()
    optimizer = l2o.torch.Optimizer(network.parameters(), rule)
    train(network, optimizer, 3)
    other, again = make((network, optimizer))
    first, second = train(network, optimizer, 3), train(other, again, 3)
    assert first == second and first[-1] < first[0]
    assert same(bits(network), bits(other))


def test_states_that_do_not_fit_change_nothing():
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    train(network, optimizer, 2)
    state = optimizer.state_dict()
    cut = state | {"l2o": state["l2o"] | {"states": [s[:-4] for s in state["l2o"]["states"]]}}
    for wrong in (cut, torch.optim.Adam(network.parameters()).state_dict()):
        with pytest.raises(l2o.StateError):
            optimizer.load_state_dict(wrong)
    other = l2o.torch.RNNprop(model().parameters())
    with pytest.raises(l2o.StateError, match="not of guarded\\(rnnprop"):
        other.load_state_dict(state)
    assert torch.equal(optimizer.state_dict()["l2o"]["states"][0], state["l2o"]["states"][0])
