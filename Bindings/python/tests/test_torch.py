"""l2o.torch: real optimizers of PyTorch, whose steps are the library's."""

import copy

import l2o
import l2o.torch
import pytest
import torch
from networks import LEARNED, RULES, bits, data, model, same, train
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook


@pytest.mark.parametrize("rule", RULES)
def test_losses_fall(rule):
    network = model()
    losses = train(network, l2o.torch.Optimizer(network.parameters(), rule), 60)
    assert losses[-1] < 0.7 * losses[0]


def test_adam_is_pytorchs():
    ours, theirs = model(), model()
    a = train(ours, l2o.torch.Optimizer(ours.parameters(), "adam:lr=0.01"), 30)
    b = train(theirs, torch.optim.Adam(theirs.parameters(), lr=0.01), 30)
    assert max(abs(x - y) for x, y in zip(a, b)) < 1e-5


@pytest.mark.parametrize("rule", LEARNED)
def test_torch_operations_agree_with_the_kernels_step_by_step(rule):
    """Each step begins with the kernels' state and parameters, for rounding lets paths part."""
    ours, other = model(), model()
    kernels = l2o.torch.Optimizer(ours.parameters(), rule)
    operations = l2o.torch.Optimizer(other.parameters(), rule, force="torch")
    for _ in range(200):
        other.load_state_dict(ours.state_dict())
        operations.load_state_dict(kernels.state_dict())
        before = bits(ours)
        train(ours, kernels, 1)
        train(other, operations, 1)
        for p, q, b in zip(ours.parameters(), other.parameters(), before):
            assert (p - q).abs().max() <= 1e-6 + 1e-4 * (p - b).abs().max()


def test_threads_change_no_bit():
    networks = []
    for threads in (1, 3):
        network = model()
        train(network, l2o.torch.Gateprop(network.parameters(), threads=threads), 5)
        networks.append(bits(network))
    assert same(*networks)


@pytest.mark.parametrize("force", [None, "torch"])
def test_schedulers_scale_the_step_and_weight_decay_comes_before_it(force):
    start = torch.tensor([1.0, -2.0, 0.5])

    def change(**options):
        p = nn.Parameter(start.clone())
        p.grad = torch.tensor([0.1, 0.2, -0.3])
        l2o.torch.Gateprop([p], force=force, **options).step()
        return p.detach() - start

    whole = change()
    assert torch.allclose(change(lr=0.25), 0.25 * whole, rtol=1e-4, atol=1e-7)
    assert torch.equal(change(maximize=True)[:2].sign(), -whole[:2].sign())
    assert torch.allclose(change(weight_decay=0.01, lr=0.0), torch.zeros(3))
    assert torch.allclose(change(weight_decay=0.01), whole - 0.01 * start, atol=2e-4)

    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters(), force=force)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
    for _ in range(5):
        train(network, optimizer, 1)
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)
    before = bits(network)
    train(network, optimizer, 1)
    assert max((p - q).abs().max() for p, q in zip(before, network.parameters())) < 1e-9


def test_groups_have_options_of_their_own():
    network = model()
    layers = [module for module in network if isinstance(module, nn.Linear)]
    optimizer = l2o.torch.Gateprop(
        [{"params": layers[0].parameters(), "lr": 0.0}, {"params": layers[1].parameters()}])
    before = bits(network)
    train(network, optimizer, 2)
    after = bits(network)
    assert same(before[:2], after[:2]) and not torch.equal(before[2], after[2])
    # A group that comes later has a state of its own, which is saved too.
    optimizer.add_param_group({"params": layers[2].parameters()})
    train(network, optimizer, 2)
    other = copy.deepcopy(network)
    layers = [module for module in other if isinstance(module, nn.Linear)]
    again = l2o.torch.Gateprop([{"params": layer.parameters()} for layer in layers])
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["lr"] == 0
    assert train(network, optimizer, 3) == train(other, again, 3)


@pytest.mark.parametrize("force", [None, "torch"])
def test_a_parameter_without_a_gradient_is_left_alone(force):
    a, b = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    optimizer = l2o.torch.RNNprop([a, b], force=force)
    a.grad = torch.ones(3)
    optimizer.step()
    assert torch.equal(b, torch.ones(3)) and not torch.equal(a, b)
    first = a.detach().clone()
    a.grad, b.grad = None, torch.ones(3)
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert torch.equal(a, first) and torch.allclose(b, first)
    optimizer.zero_grad()
    optimizer.step()
    assert torch.equal(a, first)


def test_closures_and_losses():
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    x, y = data()

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert optimizer.step(closure) < first
    assert optimizer.step(loss=first) is first


@pytest.mark.parametrize("kind", ["transposed", "channels_last", torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("force", [None, "torch"])
def test_other_layouts_and_types_are_stepped_on_by_copies(kind, force):
    torch.manual_seed(0)
    start, gradient = torch.randn(4, 3, 5, 7), torch.randn(4, 3, 5, 7)
    if kind == "transposed":
        p, g = start.transpose(0, 3).contiguous().transpose(0, 3), gradient.transpose(1, 2).contiguous().transpose(1, 2)
    elif kind == "channels_last":
        p, g = (t.to(memory_format=torch.channels_last) for t in (start, gradient))
    else:
        start, gradient = start.to(kind).float(), gradient.to(kind).float()
        p, g = start.to(kind), gradient.to(kind)
    plain, other = nn.Parameter(start.clone()), nn.Parameter(p)
    for parameter, slope in ((plain, gradient), (other, g)):
        parameter.grad = slope
        l2o.torch.Gateprop([parameter], force=force).step()
    assert not torch.equal(plain.detach(), start)
    if isinstance(kind, str):
        assert torch.equal(plain, other) and not other.is_contiguous()
    else:
        assert other.dtype == kind and torch.allclose(other.float(), plain.to(kind).float(), atol=1e-6)


def _moved(network, optimizer):
    for p in network.parameters():
        p.data = p.data.clone()


def _transposed(network, optimizer):
    weight = network[0].weight
    weight.data = weight.data.t().contiguous().t()


def _doubled(network, optimizer):
    network.double()


def _frozen(network, optimizer):
    network[2].weight.requires_grad_(False)


def _slowed(network, optimizer):
    optimizer.param_groups[0].update(lr=0.5, weight_decay=0.1)


def _turned(network, optimizer):
    optimizer.param_groups[0]["maximize"] = True


@pytest.mark.parametrize("change", [_moved, _transposed, _doubled, _frozen, _slowed, _turned])
def test_what_changes_between_steps_is_seen(change):
    """Steps on parameters that are where they were take a shorter way; a copy's first step takes the long one."""
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    train(network, optimizer, 3)
    other, twin = copy.deepcopy((network, optimizer))
    for each, its in ((network, optimizer), (other, twin)):
        change(each, its)
        x, y = data()
        its.zero_grad()
        nn.functional.cross_entropy(each(x.to(each[0].weight.dtype)), y).backward()
        its.step()
    assert same(bits(network), bits(other))


def test_who_listens_hears_of_every_step():
    network = model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    heard = []
    train(network, optimizer, 1)
    handles = [
        optimizer.register_step_pre_hook(lambda *_: heard.append("before")),
        optimizer.register_step_post_hook(lambda *_: heard.append("after")),
        register_optimizer_step_post_hook(lambda *_: heard.append("all")),
    ]
    train(network, optimizer, 1)
    assert heard == ["before", "after", "all"]
    for handle in handles[:2]:
        handle.remove()
    train(network, optimizer, 1)
    handles[2].remove()
    train(network, optimizer, 1)
    assert heard == ["before", "after", "all", "all"]
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        train(network, optimizer, 1)
    assert any(event.key == "Optimizer.step#Gateprop.step" for event in profile.key_averages())


def test_autograd_knows_that_parameters_were_written_to():
    p = nn.Parameter(torch.ones(3))
    loss = (p * p).sum()
    p.grad = torch.ones(3)
    l2o.torch.Gateprop([p]).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_what_cannot_be_used_is_told():
    p = nn.Parameter(torch.ones(3))
    with pytest.raises(l2o.L2OError, match="gateprop"):
        l2o.torch.Optimizer([p], "gateprob")
    with pytest.raises(l2o.L2OError, match="not rnnprop"):
        l2o.torch.RNNprop([p], "gateprop")
    with pytest.raises(l2o.L2OError, match="lr is -1"):
        l2o.torch.Gateprop([p], lr=-1.0)
    with pytest.raises(l2o.L2OError, match="weight_decay"):
        l2o.torch.Gateprop([p], weight_decay=2.0)
    with pytest.raises(l2o.L2OError, match="dense real"):
        l2o.torch.Gateprop([nn.Parameter(torch.ones(3, dtype=torch.complex64))])
    p.grad = torch.ones(3)
    with pytest.raises(l2o.L2OError, match="array operations"):
        l2o.torch.Optimizer([p], "adam", force="torch").step()
    embedding = nn.Embedding(5, 2, sparse=True)
    optimizer = l2o.torch.Gateprop(embedding.parameters())
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="dense gradients"):
        optimizer.step()


def test_gradient_scaler_and_clipping():
    network, plain = model(), model()
    optimizer = l2o.torch.Gateprop(network.parameters())
    reference = l2o.torch.Gateprop(plain.parameters())
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    x, y = data()
    for step in range(4):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        scaler.scale(loss).backward()
        if step == 2:
            next(network.parameters()).grad[0, 0] = float("inf")
        scaler.unscale_(optimizer)
        if step != 2:
            nn.utils.clip_grad_norm_(network.parameters(), 100.0)
        before = bits(network)
        scaler.step(optimizer)
        scaler.update()
        if step == 2:
            assert same(before, bits(network)) and scaler.get_scale() == 512
        else:
            train(plain, reference, 1)
            assert same(bits(plain), bits(network))


def test_a_compiled_training_step():
    network, plain = model(), model()
    x, y = data()
    optimizer = l2o.torch.Gateprop(network.parameters())

    @torch.compile(backend="eager")
    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step().item() for _ in range(5)]
    assert losses == pytest.approx(train(plain, l2o.torch.Gateprop(plain.parameters()), 5), rel=1e-5)
