"""The period of torch_training.py in blocks of coordinates: in place, in buffers that are made once.

The tape keeps (c, h) of both layers; the reverse sweep computes a block's gates again while they fit the cache.
"""
import torch
import torch.nn.functional as F

from setting import COORDINATES, HIDDEN, RATE, STEPS
from torch_network import features

BLOCK = 4096
H = HIDDEN
sigmoid_back, tanh_back = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward


class Block:
    """The buffers of coordinates a to b."""

    def __init__(self, a, b):
        n = b - a
        self.range = slice(a, b)
        self.tape = [torch.zeros(STEPS + 1, H, n) for _ in range(4)]     # c1, h1, c2, h2 before each step
        self.x1, self.x2, self.dx = (torch.empty(2 * H, n) for _ in range(3))
        self.z1, self.z2, self.dz = (torch.empty(4 * H, n) for _ in range(3))
        self.t = torch.empty(H, n)


def gates(z):
    """Sums become activations; returns i, j, f, o."""
    z[:H].sigmoid_(), z[H:2 * H].tanh_(), z[2 * H:].sigmoid_()
    return z[:H], z[H:2 * H], z[2 * H:3 * H], z[3 * H:]


def gates_back(i, j, f, o, t, c_before, dh, dc, out):
    """`out` receives the gradient of the sums, `dc` that of the cells before the step."""
    dc += tanh_back(dh * o, t)
    sigmoid_back.grad_input(dh * t, o, grad_input=out[3 * H:])
    sigmoid_back.grad_input(dc * c_before, f, grad_input=out[2 * H:3 * H])
    sigmoid_back.grad_input(dc * j, i, grad_input=out[:H])
    tanh_back.grad_input(dc * i, j, grad_input=out[H:2 * H])
    dc *= f


def period_blocks(loss_and_gradient):
    """The period as a function of weights, state, problem and minibatches."""
    made = []

    @torch.no_grad()
    def period(weights, state, problem, X, Y):
        if not made:
            made.extend(Block(a, min(a + BLOCK, COORDINATES)) for a in range(0, COORDINATES, BLOCK))
        w1, w2, out_w = weights["l1_w"].t().contiguous(), weights["l2_w"].t().contiguous(), weights["out_w"]
        b1, b2 = weights["l1_b"][:, None].clone(), weights["l2_b"][:, None].clone()
        b1[2 * H:3 * H] += 1
        b2[2 * H:3 * H] += 1
        projection, offset = weights["in_w"].t().contiguous(), weights["in_b"][:, None]

        def sums1(block, inputs, h):
            F.elu_(torch.addmm(offset, projection, inputs, out=block.x1[:H]))
            block.x1[H:].copy_(h)
            return torch.addmm(b1, w1, block.x1, out=block.z1)

        def sums2(block, h1, h2):
            block.x2[:H].copy_(h1)
            block.x2[H:].copy_(h2)
            return torch.addmm(b2, w2, block.x2, out=block.z2)

        def advance(block, z, c, h, t):
            i, j, f, o = gates(z)
            torch.mul(f, c[t], out=c[t + 1]).addcmul_(i, j)
            torch.mul(o, torch.tanh(c[t + 1], out=block.t), out=h[t + 1])

        theta, m, v, power, rnn = state
        for block in made:
            for rows, values in zip(block.tape, rnn):
                rows[0].copy_(values[:, block.range])
        losses, seen, outs = [], [], torch.empty(STEPS, COORDINATES)
        for t in range(STEPS):
            loss, gradient = loss_and_gradient(theta, *problem, X[t], Y[t])
            losses.append(loss)
            inputs, m, v, power = features("rnnprop", gradient, m, v, power, 0)
            seen.append(inputs)
            for block in made:
                c1, h1, c2, h2 = block.tape
                advance(block, sums1(block, inputs[:, block.range], h1[t]), c1, h1, t)
                advance(block, sums2(block, h1[t + 1], h2[t]), c2, h2, t)
                bias = weights["out_b"].expand(block.t.shape[1])
                torch.addmv(bias, h2[t + 1].t(), out_w, out=outs[t, block.range])
            theta = torch.add(theta, outs[t].tanh_(), alpha=-RATE)
        total = {name: torch.zeros_like(values) for name, values in weights.items()}
        for block in made:
            c1, h1, c2, h2 = block.tape
            dc1, dh1, dc2, dh2 = (torch.zeros_like(block.t) for _ in range(4))
            for t in range(STEPS - 2, -1, -1):
                inputs = seen[t][:, block.range]
                dout = tanh_back(gradient[block.range] * -RATE, outs[t, block.range])
                total["out_w"].addmv_(h2[t + 1], dout)
                total["out_b"] += dout.sum()
                acts = gates(sums2(block, h1[t + 1], h2[t]))
                torch.tanh(c2[t + 1], out=block.t)
                gates_back(*acts, block.t, c2[t], torch.addr(dh2, out_w, dout), dc2, block.dz)
                torch.mm(weights["l2_w"], block.dz, out=block.dx)
                total["l2_w"].addmm_(block.x2, block.dz.t())
                total["l2_b"] += block.dz.sum(1)
                dh1, dh2 = dh1 + block.dx[:H], block.dx[H:].clone()
                acts = gates(sums1(block, inputs, h1[t]))
                torch.tanh(c1[t + 1], out=block.t)
                gates_back(*acts, block.t, c1[t], dh1, dc1, block.dz)
                total["l1_w"].addmm_(block.x1, block.dz.t())
                total["l1_b"] += block.dz.sum(1)
                torch.mm(weights["l1_w"], block.dz, out=block.dx)
                de = torch.ops.aten.elu_backward(block.dx[:H], 1.0, 1.0, 1.0, True, block.x1[:H])
                total["in_w"].addmm_(inputs, de.t())
                total["in_b"] += de.sum(1)
                dh1 = block.dx[H:].clone()
        rnn = tuple(torch.cat([block.tape[k][STEPS] for block in made], 1) for k in range(4))
        return losses, total, (theta, m, v, power, rnn)

    return period
