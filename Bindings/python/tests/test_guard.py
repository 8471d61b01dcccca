"""The guard: on by default, it changes no bit where all goes well, and takes back what does harm."""

import copy

import l2o
import l2o.numpy
import l2o.torch
import numpy as np
import pytest
import torch
from networks import LEARNED, bits, data, model, same, train
from torch import nn


def train_with_losses(network, optimizer, steps, spoil=()):
    """Training in which steps are told their losses; after some of them, something sets the parameters wrong."""
    def after(step):
        if step in spoil:
            with torch.no_grad():
                for p in network.parameters():
                    p.mul_(-300)

    return train(network, optimizer, steps, after, with_loss=True)


@pytest.mark.parametrize("rule", [*LEARNED, "rnnprop:state=half"])
def test_no_bit_changes_without_harm(rule):
    networks = [model(), model()]
    for network, guard in zip(networks, (True, False)):
        optimizer = l2o.torch.Optimizer(network.parameters(), rule, guard=guard)
        train_with_losses(network, optimizer, 60)
        assert optimizer.failures == 0
    assert same(*map(bits, networks))


@pytest.mark.parametrize("force", [None, "torch"])
@pytest.mark.parametrize("guard", [True, False])
def test_harm_is_taken_back(guard, force):
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters(), guard=guard, force=force)
    losses = train_with_losses(network, optimizer, 120, spoil=[50])
    assert losses[51] > 10 * losses[0]
    assert (optimizer.failures > 0) == guard
    assert (losses[53] < losses[0] and losses[-1] < losses[30]) == guard


@pytest.mark.parametrize("force", [None, "torch"])
@pytest.mark.parametrize("told", [True, False])
def test_nan_does_not_stay(told, force):
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters(), force=force)
    train(network, optimizer, 29)
    kept = bits(network)
    train(network, optimizer, 10)
    x, y = data()
    for _ in range(9):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x * float("nan")), y)
        loss.backward()
        optimizer.step(loss=loss if told else None)
    # Neither the rule nor the fallback goes on with what is not finite.
    assert optimizer.failures == 1 and same(kept, bits(network))
    losses = train(network, optimizer, 60)
    assert losses[-1] < losses[0]


def test_a_closure_tells_the_loss_and_climbing_turns_it():
    x = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = l2o.torch.Gateprop([x], maximize=True)
    for step in range(60):

        def closure():
            optimizer.zero_grad()
            height = -(x - 3).square().sum() * (1000 if step == 40 else 1)
            height.backward()
            return height

        optimizer.step(closure)
        assert optimizer.failures == (0 if step < 40 else 1)


@pytest.mark.parametrize("force", [None, "torch"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_tensor_that_sits_out_comes_back_too(dtype, force):
    parameters = [nn.Parameter(torch.ones(5, dtype=dtype)), nn.Parameter(torch.ones(4, dtype=dtype).repeat(2)[::2])]
    frozen = nn.Parameter(torch.ones(3, dtype=dtype))
    optimizer = l2o.torch.Gateprop([*parameters, frozen], force=force)

    def step(loss, active):
        for index, p in enumerate(parameters):
            p.grad = torch.ones_like(p) if index in active else None
        versions = [p._version for p in (*parameters, frozen)]
        optimizer.step(loss=loss)
        return [p._version - v for p, v in zip((*parameters, frozen), versions)]

    for _ in range(9):
        step(1.0, [0, 1])
    good = [p.detach().clone() for p in parameters]
    for _ in range(3):
        assert step(1.0, [0, 1])[2] == 0
    assert not torch.equal(parameters[1], good[1])
    assert step(1.0, [0])[1:] == [0, 0]
    # In another process that goes on from here, too.
    again = l2o.torch.Gateprop([*copy.deepcopy(parameters), copy.deepcopy(frozen)], force=force)
    again.load_state_dict(optimizer.state_dict())
    assert step(float("nan"), [0])[1] > 0 and optimizer.failures == 1
    tolerance = 1e-7 if dtype == torch.float64 else 0
    assert all(torch.allclose(p, q, 0, tolerance) for p, q in zip(parameters, good)) and torch.equal(frozen, torch.ones(3, dtype=dtype))
    for p in again.param_groups[0]["params"]:
        p.grad = torch.ones_like(p)
    again.step(loss=float("nan"))
    assert all(torch.allclose(p, q, 0, tolerance) for p, q in zip(again.param_groups[0]["params"], good))


@pytest.mark.parametrize("force", [None, "torch"])
@pytest.mark.parametrize("rule", LEARNED)
@pytest.mark.parametrize("steps", [7, 55])
def test_resume_is_exact_in_every_phase(steps, rule, force):
    network = model()
    optimizer = l2o.torch.Optimizer(network.parameters(), rule, force=force)
    train_with_losses(network, optimizer, steps, spoil=[50])
    other = copy.deepcopy(network)
    again = l2o.torch.Optimizer(other.parameters(), rule, force=force)
    again.load_state_dict(optimizer.state_dict())
    assert again.failures == optimizer.failures == (0 if steps == 7 else 1)
    assert train_with_losses(network, optimizer, 60, [40]) == train_with_losses(other, again, 60, [40])
    assert same(bits(network), bits(other)) and again.failures == optimizer.failures >= 1


@pytest.mark.parametrize("rule", [*LEARNED, "rnnprop:state=half"])
@pytest.mark.parametrize("first", [True, False])
def test_states_go_on_with_another_guard(rule, first):
    network = model()
    optimizer = l2o.torch.Optimizer(network.parameters(), rule, guard=first)
    train(network, optimizer, 5)
    other = copy.deepcopy(network)
    again = l2o.torch.Optimizer(other.parameters(), rule, guard=not first)
    again.load_state_dict(optimizer.state_dict())
    train(network, optimizer, 20)
    train(other, again, 20)
    assert same(bits(network), bits(other))
    damaged = optimizer.state_dict()
    damaged["l2o"]["states"][0] = damaged["l2o"]["states"][0][:-4]
    with pytest.raises(l2o.StateError):
        again.load_state_dict(damaged)


@pytest.mark.parametrize("rule", LEARNED)
def test_torch_operations_do_what_the_kernels_do(rule):
    """Each step begins with the kernels' state and parameters, through all that the guard can do."""
    ours, other = model(), model()
    kernels = l2o.torch.Optimizer(ours.parameters(), rule)
    operations = l2o.torch.Optimizer(other.parameters(), rule, force="torch")
    x, y = data()
    failures = []
    for step in range(130):
        other.load_state_dict(ours.state_dict())
        operations.load_state_dict(kernels.state_dict())
        before = bits(ours)
        for network, optimizer in ((ours, kernels), (other, operations)):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x * (float("nan") if step in (25, 26, 50) else 1)), y)
            loss.backward()
            if step % 3 == 0:
                next(network.parameters()).grad = None
            optimizer.step(loss=loss if step % 2 == 0 or step == 25 else None)
        for p, q, b in zip(ours.parameters(), other.parameters(), before):
            assert (p - q).abs().max() <= 1e-6 + 1e-4 * (p - b).abs().max()
        failures.append((kernels.failures, operations.failures))
    assert all(a == b for a, b in failures) and failures[-1] == (2, 2) and failures[24] == (0, 0)
    # The other way round, states are as good.
    kernels.load_state_dict(operations.state_dict())
    assert kernels.failures == 2


def test_hand_designed_optimizers_have_none_and_options_are_joined():
    p = nn.Parameter(torch.ones(3))
    for rule in ("adam:lr=0.1", "gateprop:guard=on"):
        p.grad = torch.ones(3)
        l2o.torch.Optimizer([p], rule).step()


def test_numpy():
    x = np.zeros(2, np.float32)
    optimizer = l2o.numpy.Optimizer("gateprop", [x])
    plain = l2o.numpy.Optimizer("gateprop", [x.copy()], guard=False)
    for step in range(60):
        (y,) = plain.parameters
        if step == 40:
            assert np.array_equal(x, y)
        plain.step([2 * (y - np.float32([1, -2]))])
        loss = np.sum((x - np.float32([1, -2])) ** 2)
        optimizer.step([2 * (x - np.float32([1, -2]))], loss=np.inf if step == 40 else loss)
    assert optimizer.failures == 1 and plain.failures == 0 and np.isfinite(x).all()
    plain.load_state(optimizer.state())
    assert plain.steps == 29
    optimizer.load_state(plain.state())
    assert optimizer.failures == 0
